import type { DiskRef } from "../../drivers/driver.ts";
import { ownsSource } from "../../drivers/index.ts";
import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { domainDisks } from "../power/domain-disks.ts";
import type { DomainRef } from "../power/plan.ts";

/**
 * Looks once more before something is done to a disk that only a guest which is off can bear: between the plan and this there
 * was a question. Throws a RefusedError when the guest runs with the disk, or its saved memory belongs to it.
 */
export async function refuseInUse(context: Context, { uuid, instance }: DomainRef, disk: Omit<DiskRef, "name">): Promise<void> {
  const used = await libvirtOf(context).inUse(uuid);
  if (used === undefined || !Object.values(domainDisks(used.xml)).some((source) => ownsSource(source, disk))) return;
  if (used.saved) {
    throw new RefusedError(
      "guest-saved",
      `The memory of ${instance} was saved (virsh managedsave) since this was planned, and it belongs to ${disk.path} as it is: nothing was done to it. Apply again.`,
    );
  }
  throw new RefusedError(
    "guest-runs",
    `${instance} runs with ${disk.path}, and this can be done only while it is off: somebody has started it since this was planned. Apply again.`,
  );
}
