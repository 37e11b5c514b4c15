import type { Action } from "./action.ts";
import type { Address } from "./address.ts";
import type { Effect } from "./effect.ts";
import type { Json } from "./json.ts";

/** What happens to an object. `replace` deletes and recreates it; `adopt` makes one that exists this project's and leaves it as it is. */
export type Verb = "create" | "adopt" | "update" | "replace" | "delete";

/** Why there is a difference: the configuration was edited, the host drifted from what was last applied, or both. */
export type Cause = "config" | "drift" | "both";

/** One field that differs. `old` is absent for a new field, `new` for one that is removed. */
export interface FieldChange {
  readonly path: string;
  readonly old?: Json;
  readonly new?: Json;
  readonly effect?: Effect;
  readonly cause?: Cause;
  /** Why a running guest does not get it at once, in words. */
  readonly why?: string;
  /** The values are secrets: shown as `(sensitive)` everywhere. */
  readonly sensitive?: true;
}

/** The reason of a removal. Where everything is to be destroyed, the engine says that instead. */
export const notConfigured = "no longer in the configuration";

/** The reason of a change of each cause, where there is nothing more special to say. */
export const causeReasons: Readonly<Record<Cause, string>> = {
  config: "the configuration changed",
  drift: "it was changed on the host after the last apply",
  both: "both the configuration and the host changed",
};

/** Why something that is to be removed stays: such a change has no actions. */
export const protectedBy = "protected by prevent_destroy";

/** One object that differs, and what to do about it. */
export interface Change {
  readonly address: Address;
  /** Where the object gets another name: its address on the host until now. */
  readonly previousAddress?: Address;
  /** Which copy of an entry of the configuration it belongs to: a key of `for_each`, or a number of `count`. */
  readonly index?: string | number;
  readonly verb: Verb;
  readonly cause: Cause;
  /** A replacement that was asked for by name. */
  readonly requested?: true;
  /** An earlier apply did not get as far, which the reason says: neither the configuration nor the host changed since. */
  readonly unfinished?: true;
  /** A short sentence for people: why this change. */
  readonly reason: string;
  readonly fields: readonly FieldChange[];
  /** Several changes may name the same action (by id); the plan holds it once. */
  readonly actions: readonly Action[];
  /** The object as it is, for `plan --json`; null when there is none. Never a secret. */
  readonly before: Json;
  /** The object as wanted; null if it is deleted. Never a secret. */
  readonly after: Json;
}

/** The cause of one field from its three values: wanted, last applied (undefined: not known), found. */
export function causeOf(want: Json | undefined, last: Json | undefined, have: Json | undefined): Cause {
  if (last === undefined) return "config";
  const configured = JSON.stringify(want) !== JSON.stringify(last);
  const drifted = JSON.stringify(have) !== JSON.stringify(last);
  if (configured && drifted) return "both";
  return drifted ? "drift" : "config";
}

/** The cause of a whole change from those of its fields; `config` when there are none. */
export function combineCauses(causes: Iterable<Cause>): Cause {
  const seen = new Set(causes);
  if (seen.has("both") || (seen.has("config") && seen.has("drift"))) return "both";
  return seen.has("drift") ? "drift" : "config";
}
