import type { Change } from "../../../model/change.ts";
import { instanceFiles } from "../../../model/layout.ts";
import type { Observed } from "../../../model/observed.ts";
import { defineDomain, startDomain } from "../../power/plan.ts";
import { diskAddress } from "../../terms/disk-name.ts";
import type { GuestAddress } from "../../terms/guest-address.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { listedFields } from "../traits.ts";
import { wantedFields } from "../wanted-fields.ts";
import { afterOf } from "./after-of.ts";

/** The change that defines a guest which does not exist. */
export function creation(address: GuestAddress, want: DomainSpec, observed: Observed): Change {
  const fields = listedFields(wantedFields(want));
  const root = observed.get(diskAddress(want.instance, instanceFiles.root));
  const lost = root?.defined === true;
  return {
    address,
    verb: "create",
    cause: lost ? "drift" : "config",
    reason: lost ? `undefined outside virtform${root.disk === undefined ? "" : "; its disks still exist"}` : "does not exist yet",
    fields: Object.entries(fields).map(([path, value]) => ({ path, new: value })),
    // With `ignore`, virtform never starts the guest.
    actions: [defineDomain(want, "none", null), ...(want.powerState === "running" ? [startDomain(want)] : [])],
    before: null,
    after: afterOf(want, fields),
  };
}
