import { type Address, addressKind } from "../model/address.ts";
import type { Change, FieldChange } from "../model/change.ts";
import type { Place } from "../model/diagnostic.ts";
import type { Places } from "../model/diagnostic-places.ts";
import type { Json } from "../model/json.ts";
import type { AnyKind, FoundAt, Observed } from "../model/kind.ts";
import type { Plan, PlannedAction } from "../model/plan.ts";
import type { Pointer } from "../model/pointer.ts";
import { withoutUndefined } from "../model/without-undefined.ts";
import { type ValueSource, valueSources } from "./value-sources.ts";

/** Why one field of an object is planned, or left as it is. */
export interface ExplainedField {
  readonly field: FieldChange;
  /** Where the wanted value is written; empty where it is a default, or nothing is wanted. */
  readonly written: readonly { readonly pointer: Pointer; readonly place?: Place }[];
  /** It follows from the name of the object, and not from a value that is written. */
  readonly fromName: boolean;
  readonly found: readonly { readonly where: string; readonly value: Json }[];
}

/** A step of the plan for an object, with what it waits for and what waits for it. */
export interface ExplainedAction {
  readonly action: PlannedAction;
  readonly after: readonly PlannedAction[];
  readonly before: readonly PlannedAction[];
}

/** Why an object is planned as it is. */
export interface Explanation {
  readonly address: Address;
  /** Absent: it matches the configuration, or is left out of the plan. */
  readonly change?: Change;
  /** Where it is declared. */
  readonly declared?: Place;
  readonly fields: readonly ExplainedField[];
  readonly actions: readonly ExplainedAction[];
}

/** What an explanation follows from. */
export interface ExplainRequest<Config> {
  readonly kinds: readonly AnyKind<Config>[];
  readonly config: Config;
  readonly observed: Observed;
  readonly plan: Plan;
  readonly places?: Places;
}

/** Explains one object of a plan. Pure. */
export function explain<Config>(address: Address, { kinds, config, observed, plan, places }: ExplainRequest<Config>): Explanation {
  const kind = kinds.find(({ addressKinds }) => addressKinds.includes(addressKind(address)));
  const change = plan.changes.find((one) => one.address === address);
  const pointer = places?.pointerOf(address);
  const sources =
    kind === undefined || pointer === undefined
      ? new Map<string, ValueSource>()
      : valueSources(address, pointer, { kind, config, observed });
  const state = observed.states.get(address);
  const found = state === undefined || kind === undefined ? [] : (kind.found?.(state) ?? [describedAs(kind.describe(state))]);
  const wanted = [...sources.values()].map(({ field }) => field);
  const fields = (change === undefined ? wanted : change.fields).map((field): ExplainedField => {
    const source = (field.new ?? null) === null ? undefined : sources.get(field.path);
    return {
      field,
      written: (source?.pointers ?? []).map((one) => withPlace(one, places)),
      fromName: source?.fromName ?? false,
      found: found.flatMap(({ where, values }) => {
        const value = values[field.path];
        return value === undefined || value === null || field.sensitive === true ? [] : [{ where, value }];
      }),
    };
  });
  const declared = pointer === undefined ? undefined : places?.place(pointer);
  return {
    address,
    ...withoutUndefined({ change, declared }),
    fields,
    actions: (change?.actions ?? []).flatMap(({ id }) => explainAction(id, plan)),
  };
}

function withPlace(pointer: Pointer, places: Places | undefined): ExplainedField["written"][number] {
  const place = places?.place(pointer);
  if (place === undefined) return { pointer };
  // What a key stands for, such as the text of a file, has no place of its own.
  const above = places?.place(pointer.slice(0, -1));
  const isWritten = above?.file !== place.file || above.line !== place.line || above.column !== place.column;
  return { pointer: isWritten ? pointer : pointer.slice(0, -1), place };
}

function describedAs(described: Json): FoundAt {
  const values = typeof described === "object" && described !== null && !Array.isArray(described) ? described : {};
  return { where: "on the host", values: values as FoundAt["values"] };
}

function explainAction(id: string, { actions }: Plan): ExplainedAction[] {
  const action = actions.find((one) => one.id === id);
  if (action === undefined) return [];
  const after = actions.filter((one) => action.after.includes(one.id));
  return [{ action, after, before: actions.filter((one) => one.after.includes(id)) }];
}
