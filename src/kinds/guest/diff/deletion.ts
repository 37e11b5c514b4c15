import type { Address } from "../../../model/address.ts";
import { type Change, notConfigured, protectedBy } from "../../../model/change.ts";
import type { Observed } from "../../../model/observed.ts";
import { isUp } from "../../power/is-up.ts";
import { undefineDomain } from "../../power/plan.ts";
import { disks } from "../../terms/disk-address.ts";
import { ownerName } from "../../terms/disk-owner.ts";
import type { DomainState } from "../../terms/domain-state.ts";
import { isAdopted } from "../../terms/is-adopted.ts";
import { describeDomain } from "../state.ts";
import { listedFields } from "../traits.ts";
import { activityOf } from "./activity-of.ts";

/** The change that undefines a guest which is no longer wanted. A protected one gives no actions. */
export function deletion(address: Address, have: DomainState, observed: Observed): Change {
  const instance = have.label?.instance ?? have.name;
  const kept = have.label?.preventDestroy === true;
  const adopted = isAdopted(have);
  const crashed = have.power === "crashed" ? { running: true } : {};
  const ref = { uuid: have.uuid, instance, ...(adopted ? { adopted } : {}) };
  const undefine = undefineDomain(ref, { ...activityOf(have), ...crashed });
  // Removed disks ask for consent themselves. Without disks, a label alone must not suffice to power a guest off.
  const alone = isUp(have.power) && !observed.of(disks).some(([, disk]) => ownerName(disk.owner) === instance && disk.disk !== undefined);
  const loss = (adopted ? adoptedLoss(have) : alone ? `the memory of running guest ${instance}` : undefined) ?? undefine.destroys;
  const recorded = [["snapshots", have.snapshots ?? []] as const, ["checkpoints", have.checkpoints ?? []] as const].filter(
    ([, names]) => names.length > 0,
  );
  const lost = [
    ...(loss === undefined ? [] : [loss]),
    ...recorded.map(([what, names]) => `${names.length === 1 ? what.slice(0, -1) : what} ${names.join(", ")} of ${instance}`),
  ];
  return {
    address,
    verb: "delete",
    cause: "config",
    reason: kept ? `${notConfigured}, but ${protectedBy}` : notConfigured,
    fields: [
      ...Object.entries(listedFields(have.fields)).map(([path, value]) => ({ path, old: value })),
      ...recorded.map(([path, names]) => ({ path, old: names.join(", ") })),
    ],
    actions: kept ? [] : [lost.length === 0 ? undefine : { ...undefine, destroys: lost.join("; ") }],
    before: describeDomain(have),
    after: null,
  };
}

/** What goes with the definition of a guest that other programs made. */
function adoptedLoss({ label, name, disks, fields }: DomainState): string {
  const kept = Object.values(disks);
  const variables = fields["uefi_variables"] === undefined ? "" : ", with its UEFI variables";
  const stay = kept.length === 0 ? "" : ` (its disks stay: ${kept.join(", ")})`;
  return `the definition of adopted guest ${label?.instance ?? name}${variables}${stay}`;
}
