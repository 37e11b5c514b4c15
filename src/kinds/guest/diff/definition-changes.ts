import { type Cause, causeOf, type FieldChange } from "../../../model/change.ts";
import type { Effect } from "../../../model/effect.ts";
import { withoutUndefined } from "../../../model/without-undefined.ts";
import { isUp } from "../../power/is-up.ts";
import type { DomainFields, DomainState } from "../../terms/domain-state.ts";
import { appliedFields } from "../applied-fields.ts";
import { isSatisfied } from "../is-satisfied.ts";
import type { LivePlan } from "../live/plan.ts";
import { traitsOf } from "../traits.ts";
import { canNotice, isNoticed } from "./is-noticed.ts";

/** The changes of the stored definition at these paths, each with its cause and when a running guest has it. */
export function definitionChanges(
  differing: readonly string[],
  have: DomainState,
  wanted: DomainFields,
  restarts: boolean,
  live: LivePlan,
): FieldChange[] {
  if (differing.length === 0) return [];
  const applied = appliedFields(have.label);
  return differing.map((path): FieldChange => {
    const [old, fresh] = [have.fields[path], wanted[path]];
    const traits = traitsOf(path);
    const { fixed, usual } = traits;
    // The label does not record fixed fields, which no configuration changes, nor the usual values of others.
    const last = fixed === true ? fresh : applied !== undefined && Object.hasOwn(applied, path) ? applied[path] : usual;
    // An alias that was applied is what the host made of it.
    const recorded = isSatisfied(traits, old, last) ? old : last;
    const cause: Cause = applied === undefined && fixed !== true ? "config" : causeOf(fresh ?? null, recorded ?? null, old ?? null);
    // A saved guest is restored with the definition that it was saved with.
    const later: Effect = restarts ? (isUp(have.power) ? "restart" : "none") : "next_boot";
    const awake = isUp(have.power) || have.power === "saved";
    const noticed = restarts ? canNotice(path) : isNoticed(path, wanted, have);
    const effect: Effect = live.paths.has(path) ? "live" : awake && noticed ? later : "none";
    const why = effect === "next_boot" ? live.reasons.get(path) : undefined;
    return withoutUndefined({ path, old, new: fresh, effect, why, cause });
  });
}
