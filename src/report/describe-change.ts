import type { Action } from "../model/action.ts";
import { addressKind, addressName } from "../model/address.ts";
import type { Change, FieldChange } from "../model/change.ts";
import { movedBytes } from "../model/cost.ts";
import { type Effect, strongestEffect } from "../model/effect.ts";
import { exists } from "../model/fact.ts";
import { presentationOf } from "../model/presentation.ts";
import { approximateQuantity } from "../model/quantity.ts";
import { count } from "./quantities.ts";
import { shownFields } from "./shown-fields.ts";
import { type Line, type Span, span } from "./style.ts";
import { textDiff } from "./text-diff.ts";
import { formatValue, isLong } from "./value.ts";
import { causes, effects, effectTones, verbs } from "./words.ts";

/** The line that says what happens to an object and why. */
export function changeHeader(change: Change): Line {
  const { symbol, phrase, tone } = verbs[change.verb];
  return [
    span(symbol, tone),
    span(` ${change.address}`, "strong"),
    ...earlierName(change),
    span(` ${phrase}: ${change.reason}`),
    span(causeNote(change), "faint"),
  ];
}

/** ` (was web)` of an object that gets another name. */
export function earlierName({ previousAddress }: Pick<Change, "previousAddress">): Span[] {
  return previousAddress === undefined ? [] : [span(` (was ${addressName(previousAddress)})`)];
}

/** The cause in words; empty for a create or delete that the configuration asks for, which is the usual case, and where the reason says all of it. */
export function causeNote({ verb, cause, requested, unfinished }: Change): string {
  if (requested === true || unfinished === true) return "";
  return cause === "config" && (verb === "create" || verb === "delete" || verb === "adopt") ? "" : ` (${causes[cause]})`;
}

/** The lines below the header: fields, steps, effect on the guest, lost data, transfers. Not indented. */
export function changeDetails(change: Change): Line[] {
  const effect = effectOf(change);
  const { fields, hidden } = shownFields(change);
  const width = Math.min(28, Math.max(0, ...fields.map(({ path }) => path.length)));
  const lines = fields.flatMap((field) => fieldLines(field, change, effect, width));
  if (hidden > 0) lines.push([span(`  and ${count(hidden, "field")} more, in --json`, "faint")]);
  const destroys = change.actions.flatMap((action) => action.destroys ?? []);
  const changesThere = change.verb === "update" || change.verb === "replace";
  if (changesThere && change.actions.length > 0)
    lines.push([span("Steps:    ", "faint"), span(change.actions.map(stepOf(change)).join(", then "))]);
  // The steps that make a new object are the same each time; how long the apply may wait for it is a choice of the configuration.
  const waits = changesThere ? [] : change.actions.filter(({ idle }) => idle === true);
  if (waits.length > 0) lines.push([span("Then:     ", "faint"), span(waits.map(stepOf(change)).join(", then "))]);
  if (changesThere || (effect !== "none" && destroys.length === 0)) {
    lines.push([span("Effect:   ", "faint"), span(effectWords(effect, change), effectTones[effect])]);
  }
  for (const what of destroys) lines.push([span("Destroys: ", "faint"), span(what, "remove")]);
  const bytes = change.actions.reduce((sum, action) => sum + movedBytes(action, ["download"]), 0);
  if (bytes > 0) lines.push([span("Moves:    ", "faint"), span(approximateQuantity(bytes))]);
  const overwritten = change.actions.reduce((sum, action) => sum + movedBytes(action, ["overwrite"]), 0);
  if (overwritten > 0) lines.push([span("Clears:   ", "faint"), span(approximateQuantity(overwritten))]);
  return lines;
}

/** The effect of a change on a running guest: the strongest of its parts. */
export function effectOf(change: Change): Effect {
  return strongestEffect([...change.actions.map((action) => action.effect), ...change.fields.flatMap((field) => field.effect ?? [])]);
}

/** An effect of a change in words: a guest that is shut down may stay off, and one that is off may be started. */
export function effectWords(effect: Effect, { address, actions }: Pick<Change, "address" | "actions">): string {
  const runs = actions.some(({ makes }) => makes.includes(exists(address)));
  if (effect === "restart" && !runs) return "stops the guest";
  return effect === "none" && runs && addressKind(address) === "domain" ? "starts the guest" : effects[effect];
}

/** The action in words; of another object's action also whose it is. */
function stepOf(change: Change): (action: Action) => string {
  return (action) => (action.address === change.address ? action.summary : `${action.address}: ${action.summary}`);
}

function fieldLines(field: FieldChange, change: Change, effect: Effect, width: number): Line[] {
  const { path, old, new: wanted } = field;
  const { sizes = noSizes } = presentationOf(addressKind(change.address));
  const hadNone = (old ?? null) === null;
  const wantsNone = (wanted ?? null) === null;
  const verb = hadNone ? "create" : wantsNone ? "delete" : "update";
  const { symbol, tone } = verbs[verb];
  const mark = span(`${symbol} `, tone);
  const note = annotation(field, change, effect);
  if (field.sensitive === true) {
    const text = verb === "update" ? "(sensitive) → (sensitive, changed)" : "(sensitive)";
    return [[mark, span(`${path.padEnd(width)}  ${text}`), ...note]];
  }
  if (isLong(old) || isLong(wanted)) {
    return [
      [mark, span(path), ...note],
      ...textDiff(asText(path, old, sizes), asText(path, wanted, sizes)).map((line) => [span("    "), ...line]),
    ];
  }
  if (presentationOf(addressKind(change.address)).statements === true && (old ?? wanted) === true) return [[mark, span(path), ...note]];
  const value = hadNone
    ? formatValue(path, wanted, sizes)
    : wantsNone
      ? formatValue(path, old, sizes)
      : `${formatValue(path, old, sizes)} → ${formatValue(path, wanted, sizes)}`;
  return [[mark, span(`${path.padEnd(width)}  ${value}`), ...note]];
}

const noSizes: ReadonlySet<string> = new Set();

/** Where a field's effect or cause is not that of the whole change. */
function annotation(field: FieldChange, change: Change, effect: Effect): Span[] {
  if (change.verb !== "update") return [];
  const parts = [
    ...(field.effect !== undefined && field.effect !== "none" && field.effect !== effect ? [effects[field.effect]] : []),
    ...(field.why === undefined ? [] : [`not live: ${field.why}`]),
    ...(field.cause !== undefined && field.cause !== change.cause ? [causes[field.cause]] : []),
  ];
  return parts.length === 0 ? [] : [span(`  (${parts.join("; ")})`, "faint")];
}

function asText(path: string, value: FieldChange["old"], sizes: ReadonlySet<string>): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : formatValue(path, value, sizes);
}
