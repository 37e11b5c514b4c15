import type { Action } from "../../../model/action.ts";
import type { FieldChange } from "../../../model/change.ts";
import type { Observed } from "../../../model/observed.ts";
import { isUp } from "../../power/is-up.ts";
import { restoreDomain, resumeDomain, startDomain, stopDomain } from "../../power/plan.ts";
import type { DomainState } from "../../terms/domain-state.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { missingFacts } from "../memory.ts";
import type { FreshDisks } from "./disks-of-plan.ts";

/** The change of the power state, if it is not as wanted or not as it was last applied. */
export function powerChange(
  want: DomainSpec,
  have: DomainState,
  observed: Observed,
  fresh: Pick<FreshDisks, "replaced" | "restarted">,
): { readonly field: FieldChange; readonly action?: Action } | undefined {
  const last = have.fields["power_state"];
  const action = powerAction(want, have, observed, fresh);
  if (action === undefined && last === want.powerState) return undefined;
  const old = action === undefined ? (last ?? have.power) : have.power;
  const cause = last === want.powerState ? "drift" : "config";
  const field: FieldChange = { path: "power_state", old, new: want.powerState, effect: action?.effect ?? "none", cause };
  return action === undefined ? { field } : { field, action };
}

/** What brings a guest into the wanted power state; undefined where nothing has to be done. */
export function powerAction(
  want: DomainSpec,
  have: DomainState,
  observed: Observed,
  { replaced, restarted = false }: Pick<FreshDisks, "replaced" | "restarted">,
): Action | undefined {
  if (want.powerState === "stopped") return isUp(have.power) ? stopDomain(want) : undefined;
  if (want.powerState === "ignore") return undefined;
  if (have.power === "paused") return restarted ? undefined : resumeDomain(want);
  if (have.power === "saved" && !replaced) return restoreDomain(want, missingFacts(want, observed));
  return isUp(have.power) ? undefined : startDomain(want);
}
