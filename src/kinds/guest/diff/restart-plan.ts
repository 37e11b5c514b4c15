import type { Address } from "../../../model/address.ts";
import type { FieldChange } from "../../../model/change.ts";
import { exists, type Fact } from "../../../model/fact.ts";
import type { Observed } from "../../../model/observed.ts";
import { attachedTo } from "../../power/plan.ts";
import { disks } from "../../terms/disk-address.ts";
import type { DomainState } from "../../terms/domain-state.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { laterOf } from "../live/live.ts";
import { missesDisks } from "../memory.ts";
import { pendingFields } from "../pending.ts";
import { traitsOf } from "../traits.ts";
import { activityOf } from "./activity-of.ts";
import type { Comparison } from "./compare.ts";
import { detachesDisks } from "./detaches-disks.ts";
import type { FreshDisks } from "./disks-of-plan.ts";
import { isNoticed } from "./is-noticed.ts";

/** Whether a guest is switched off and on again, and what comes with that. */
export interface RestartPlan {
  readonly restarts: boolean;
  /** Changes that an earlier apply stored, and that the guest gets with the restart. */
  readonly due: readonly FieldChange[];
  /** The loss of its saved memory. */
  readonly memory: readonly FieldChange[];
  /** Volumes that are recreated while it is off. */
  readonly renewed: FreshDisks["volumes"];
  /** Facts that everything exists which the guest restarts from: it keeps running until then. */
  readonly needs: readonly Fact[];
}

/** Decides whether a guest with these differences is restarted. Pure. */
export function restartPlan(
  want: DomainSpec,
  have: DomainState,
  observed: Observed,
  { volumes }: FreshDisks,
  { wanted, differing, live }: Comparison,
): RestartPlan {
  const renamed = have.earlier !== undefined;
  const { running, saved } = activityOf(have);
  const isAwake = running || saved;
  const renewed = isAwake ? volumes : [];
  const whenNeeded = want.restart === "when_needed";
  const waiting = whenNeeded ? pendingFields(have).filter(({ path }) => !live.drifted.includes(path)) : [];
  const isLeft = (path: string) => isNoticed(path, wanted, have) && !live.paths.has(path);
  const forFields = differing.some((path) => laterOf(traitsOf(path).running) === "restart");
  const isLost = saved && missesDisks(want, have, observed);
  const restarts =
    isAwake &&
    (isLost ||
      forFields ||
      waiting.length > 0 ||
      renewed.length > 0 ||
      (whenNeeded && running && (renamed || differing.some(isLeft))) ||
      detachesDisks(want, have, observed, live));
  const changed = new Set(differing);
  const isNew = (path: string) => !changed.has(path) && !(renamed && path === "name");
  const missing = forFields ? attachedTo(want).flatMap((one) => (isThere(one, observed) ? [] : [exists(one)])) : [];
  return {
    restarts,
    due: restarts ? waiting.flatMap((field) => (isNew(field.path) ? [{ ...field, effect: "restart" as const }] : [])) : [],
    memory: restarts && saved ? [{ path: "saved_memory", old: true, new: false, effect: "none", cause: isLost ? "drift" : "config" }] : [],
    renewed,
    needs: [...missing, ...renewed.flatMap(({ bases }) => bases)],
  };
}

/** Whether a disk exists. Its pending actions may themselves wait until the guest is off. */
function isThere(address: Address, observed: Observed): boolean {
  return disks.owns(address) && observed.get(address)?.disk !== undefined;
}
