import { addressKind } from "../model/address.ts";
import type { Change, FieldChange } from "../model/change.ts";
import type { Place } from "../model/diagnostic.ts";
import type { Effect } from "../model/effect.ts";
import type { Json } from "../model/json.ts";
import type { PlannedAction } from "../model/plan.ts";
import type { Pointer } from "../model/pointer.ts";
import { presentationOf } from "../model/presentation.ts";
import { changeHeader, effectOf, effectWords } from "./describe-change.ts";
import { type Line, span } from "./style.ts";
import { formatValue, isLong } from "./value.ts";
import { effects } from "./words.ts";

/** What an explanation says, as far as it is shown. */
interface Explained {
  readonly address: Change["address"];
  readonly change?: Change;
  readonly declared?: Place;
  readonly fields: readonly {
    readonly field: FieldChange;
    readonly written: readonly { readonly pointer: Pointer; readonly place?: Place }[];
    readonly fromName: boolean;
    readonly found: readonly { readonly where: string; readonly value: Json }[];
  }[];
  readonly actions: readonly {
    readonly action: PlannedAction;
    readonly after: readonly PlannedAction[];
    readonly before: readonly PlannedAction[];
  }[];
}

/** Why each effect is what it is. */
const rules: Readonly<Record<Effect, string>> = {
  none: "nothing that runs notices it",
  live: "a running guest takes it at once",
  next_boot: "a running guest keeps what it has until its next cold start",
  with_restart: "this plan restarts the guest anyway",
  restart: "the guest has to be shut down for it",
  rebuild: "the disk is recreated, without its data",
};

/** Places that are named for one value. */
const mostPlaces = 5;

/** Why an object is planned as it is: each field with where its value is written and what was found, the effect and its rule, and the steps. */
export function explanationLines({ address, change, declared, fields, actions }: Explained): Line[] {
  const { sizes = new Set<string>() } = presentationOf(addressKind(address));
  const shown = ({ path, sensitive }: FieldChange, value: Json | undefined) =>
    sensitive === true
      ? "(sensitive)"
      : isLong(value)
        ? `text of ${value.split("\n").length - (value.endsWith("\n") ? 1 : 0)} lines`
        : formatValue(path, value, sizes);
  const head = change === undefined ? [span(address, "strong"), span(" is not changed by this plan")] : changeHeader(change);
  const where = declared === undefined ? [] : [[span("    declared in "), span(placeText(declared))]];
  const blocks = fields.flatMap(({ field, written, fromName, found }): Line[] => {
    const wanted = field.new ?? null;
    const source =
      wanted === null
        ? "nothing is wanted"
        : written.length > 0
          ? written.slice(0, mostPlaces).map(sourceText).join("; ") +
            (written.length > mostPlaces ? `; and ${written.length - mostPlaces} more` : "")
          : fromName
            ? "follows from the name of the object and its project"
            : "a default, or what the host gives";
    const effect = change === undefined ? undefined : (field.effect ?? effectOf(change));
    const rows: [string, string][] = [
      ["wanted", wanted === null ? source : `${shown(field, field.new)}  (${source})`],
      ...found.map(({ where: at, value }): [string, string] => ["found", `${shown(field, value)}  (${at})`]),
      ...(found.length === 0 && change !== undefined
        ? [["found", (field.old ?? null) === null ? "nothing" : shown(field, field.old)] as [string, string]]
        : []),
      ...(effect === undefined || change === undefined || change.verb === "create"
        ? []
        : [
            ["effect", `${effectWords(effect, change)}: ${field.why === undefined ? rules[effect] : `not live, because ${field.why}`}`] as [
              string,
              string,
            ],
          ]),
    ];
    return [
      [],
      [span(`  ${field.path}`, "strong")],
      ...rows.map(([label, text]): Line => [span(`    ${label.padEnd(8)}`, "faint"), span(text)]),
    ];
  });
  const steps = actions.flatMap(({ action, after, before }, index): Line[] => [
    [
      span(`  ${index + 1}. `),
      span(action.address === address ? action.summary : `${action.address}: ${action.summary}`, "strong"),
      span(`  ${change === undefined ? effects[action.effect] : effectWords(action.effect, change)}`, "faint"),
    ],
    ...(after.length === 0 ? [] : [[span("       after   ", "faint"), span(listed(after))]]),
    ...(before.length === 0 ? [] : [[span("       before  ", "faint"), span(listed(before))]]),
  ]);
  return [head, ...where, ...blocks, ...(steps.length === 0 ? [] : [[], [span("  Steps:")], ...steps]), []];
}

function listed(actions: readonly PlannedAction[]): string {
  const names = actions.slice(0, mostPlaces).map(({ address, summary }) => `${address}: ${summary}`);
  return names.join("; ") + (actions.length > mostPlaces ? `; and ${actions.length - mostPlaces} more` : "");
}

function sourceText({ pointer, place }: { readonly pointer: Pointer; readonly place?: Place }): string {
  // The mark of a text in the lines below says nothing.
  const text = place?.text === undefined || /^[|>]/.test(place.text) ? "" : `: ${place.text}`;
  return `${pointer.join(".")}${place === undefined ? "" : `, ${placeText(place)}${text}`}`;
}

function placeText({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}
