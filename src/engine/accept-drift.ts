import { isDeepStrictEqual } from "node:util";
import type { Address } from "../model/address.ts";
import { type Cause, type Change, combineCauses, type FieldChange } from "../model/change.ts";
import type { Place } from "../model/diagnostic.ts";
import type { Json } from "../model/json.ts";
import { matchesPattern } from "../model/matches-pattern.ts";
import type { IgnoredDrift, Pending, Plan } from "../model/plan.ts";
import { problem } from "../model/problem.ts";
import { withoutUndefined } from "../model/without-undefined.ts";

/** Drift that the users of a host accept. */
export interface AcceptedDrift {
  /** `domain/web-0`; `*` stands for any characters. */
  readonly address: string;
  /** The path of a field, with the same `*`. Absent: everything about the object, also that it is missing. */
  readonly field?: string;
  /** The value that is accepted. Absent: any. */
  readonly found?: Json;
  readonly reason?: string;
  /** The last day on which it counts: `2027-01-31`. */
  readonly until?: string;
  /** Where the entry is written. Absent: not known. */
  readonly at?: Place;
}

/**
 * A plan without the drift that is accepted, which is listed in `ignored` instead. What the configuration asks for is never taken out. Entries that
 * have expired or accept nothing are reported. `today` is a date as in `until`. Pure.
 */
export function acceptDrift(plan: Plan, accepted: readonly AcceptedDrift[], today: string): Plan {
  const used = new Set<AcceptedDrift>();
  const expired = accepted.filter(({ until }) => until !== undefined && until < today);
  const valid = accepted.filter((entry) => !expired.includes(entry));
  const find = (address: Address, field: FieldChange | undefined): AcceptedDrift | undefined => {
    const found = valid.find((entry) => matches(entry, address, field));
    if (found !== undefined) used.add(found);
    return found;
  };
  const ignored: IgnoredDrift[] = [];
  const changes = plan.changes.flatMap((change) => remaining(change, find, ignored));
  const pending = plan.pending.flatMap((waiting) => remainingPending(waiting, find, ignored));
  const ids = new Set(changes.flatMap(({ actions }) => actions.map(({ id }) => id)));
  return {
    ...plan,
    changes,
    pending,
    actions: plan.actions.filter(({ id }) => ids.has(id)),
    ignored,
    diagnostics: [...plan.diagnostics, ...expired.map(expiredNote), ...valid.filter((entry) => !used.has(entry)).map(unusedNote)],
  };
}

type Find = (address: Address, field: FieldChange | undefined) => AcceptedDrift | undefined;

function remaining(change: Change, find: Find, ignored: IgnoredDrift[]): Change[] {
  const { address, cause, fields, verb } = change;
  if (cause === "config") return [change];
  const whole = cause === "drift" ? find(address, undefined) : undefined;
  if (whole !== undefined) {
    ignored.push(entryOf(address, fields, whole));
    return [];
  }
  if (verb !== "update") return [change];
  const left = fields.filter((field) => !isAccepted(address, field, field.cause ?? cause, find, ignored));
  if (left.length === fields.length) return [change];
  return left.length === 0 ? [] : [{ ...change, fields: left, cause: combineCauses(left.map((field) => field.cause ?? cause)) }];
}

function remainingPending(waiting: Pending, find: Find, ignored: IgnoredDrift[]): Pending[] {
  const left = waiting.fields.filter((field) => !isAccepted(waiting.address, field, field.cause ?? "config", find, ignored));
  return left.length === 0 ? [] : [{ ...waiting, fields: left }];
}

function isAccepted(address: Address, field: FieldChange, cause: Cause, find: Find, ignored: IgnoredDrift[]): boolean {
  const entry = cause === "drift" ? (find(address, field) ?? find(address, undefined)) : undefined;
  if (entry === undefined) return false;
  ignored.push(entryOf(address, [field], entry));
  return true;
}

function entryOf(address: Address, fields: readonly FieldChange[], { reason, until }: AcceptedDrift): IgnoredDrift {
  return withoutUndefined({ address, fields, reason, until });
}

function matches(entry: AcceptedDrift, address: Address, field: FieldChange | undefined): boolean {
  if (!matchesPattern(entry.address, address)) return false;
  if (field === undefined) return entry.field === undefined;
  if (entry.field === undefined || !matchesPattern(entry.field, field.path)) return false;
  return entry.found === undefined || isDeepStrictEqual(entry.found, field.old ?? null);
}

function expiredNote(entry: AcceptedDrift) {
  const summary = `Accepted drift of ${named(entry)} expired on ${entry.until}`;
  const detail = "It counts as drift again. Remove the entry or give it a later date.";
  return { ...problem("accepted-drift-expired", { summary, detail }, "warning"), ...withoutUndefined({ at: entry.at }) };
}

function unusedNote(entry: AcceptedDrift) {
  const summary = `Accepted drift of ${named(entry)} does not exist`;
  const detail = "Nothing differs there, or another value was found. Remove the entry or correct it.";
  return { ...problem("accepted-drift-unused", { summary, detail }, "note"), ...withoutUndefined({ at: entry.at }) };
}

function named({ address, field }: AcceptedDrift): string {
  return field === undefined ? address : `${address} ${field}`;
}
