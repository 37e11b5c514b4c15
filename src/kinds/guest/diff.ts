import type { Action } from "../../model/action.ts";
import type { Change } from "../../model/change.ts";
import type { Json } from "../../model/json.ts";
import type { Observed } from "../../model/observed.ts";
import { leftBy, type StartArgs } from "../power/plan.ts";
import type { DomainState } from "../terms/domain-state.ts";
import type { GuestAddress } from "../terms/guest-address.ts";
import { isAdopted } from "../terms/is-adopted.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { adoption } from "./diff/adoption.ts";
import { creation } from "./diff/creation.ts";
import { deletion } from "./diff/deletion.ts";
import type { DisksOfPlan } from "./diff/disks-of-plan.ts";
import { holdersOf } from "./diff/holders-of.ts";
import { update } from "./diff/update.ts";
import { withFiles } from "./files.ts";
import { withPlugging } from "./with-plugging.ts";
import { withWait } from "./with-wait.ts";

/**
 * Difference between the wanted and the existing domain. Definitions are changed in place and never undefined first, so a running guest
 * keeps its active definition until its next cold start. A protected domain that is no longer wanted gives a change without actions;
 * `checkProtection` reports it.
 */
export function diffDomain(
  address: GuestAddress,
  want: DomainSpec | undefined,
  have: DomainState | undefined,
  observed: Observed,
  { leaves, ...fresh }: DisksOfPlan = { replaced: false, leaves: null, volumes: [] },
): Change | undefined {
  // Without a label it is a guest that the configuration adopts: until then it is not ours to change.
  if (want === undefined) return have?.label === undefined ? undefined : deletion(address, have, observed);
  if (have?.label !== undefined && want.adopted !== isAdopted(have)) return undefined;
  if (want.adopted && have?.label === undefined) return have === undefined ? undefined : adoption(address, want, have, observed);
  const change =
    have === undefined
      ? creation(address, want, observed)
      : withFiles(leaving(update(address, want, have, observed, fresh), leaves), address, want, have, observed);
  const holders = holdersOf(want, observed);
  const withSteps = (of: Change | undefined) =>
    withWait(withPlugging(of, address, want, have, fresh.restarted === true), address, want, have);
  if (change === undefined || holders.length === 0) return withSteps(change);
  const waiting = (action: Action): Action => {
    if (action.type !== "domain.start" && action.type !== "domain.restore") return action;
    const args: StartArgs = { ...(action.args as unknown as StartArgs), holders };
    return { ...action, args: args as unknown as Json, needs: [...action.needs, ...leftBy(holders)] };
  };
  return withSteps({ ...change, actions: change.actions.map(waiting) });
}

/** The change with what it leaves behind as a loss, if it gives the guest another file. */
function leaving(change: Change | undefined, leaves: string | null): Change | undefined {
  if (change === undefined || leaves === null || !change.fields.some(({ path }) => /^disks\.[^.]+\.source$/.test(path))) return change;
  const actions = change.actions.map((action) => (action.type === "domain.define" ? { ...action, destroys: leaves } : action));
  return { ...change, actions };
}
