import type { Address } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { instanceFiles } from "../../model/layout.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { isCopy } from "../terms/disk-name.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import type { OwnedDisk } from "./disk.ts";
import { whereText } from "./place.ts";

/**
 * Whether a disk that a guest wrote to is missing now. A domain is defined over disks that are whole, so one
 * that was defined implies them; disks that are being created or removed below it are marked. What can be recreated or has no value is never lost.
 */
export function isLost({ disk, domain }: OwnedDisk, have: OwnedDiskState): boolean {
  const disc = domain?.disks.some(({ name, device }) => name === disk.name && device === "cdrom") ?? false;
  return have.disk === undefined && have.defined && !have.applied.unfinished && !keepsNothing(disk.name) && !disc;
}

/** Whether a disk, by its file name, holds nothing that cannot be made again: what is in its image, or swap. */
export function keepsNothing(name: string): boolean {
  return isCopy(name) || name === instanceFiles.swap;
}

/** What is permanently lost when a new one is made in its place, in words. */
export function lossText(address: Address, { applied }: OwnedDiskState): string {
  const size = applied.size === null ? "" : `${formatQuantity(applied.size)} `;
  return `data of ${size}disk ${address.slice("disk/".length)}, which is missing`;
}

/** Reports that a disk is missing, and what to do before a new one is created. A protected one is not recreated. */
export function checkLost(address: Diagnostic["address"] & string, have: OwnedDiskState, isProtected: boolean): Diagnostic {
  const where = whereText({ ...have, ...have.applied });
  const open = have.running
    ? " Its guest runs and may have it open still: then `virsh blockcopy` gets it back, as long as the guest is not shut down."
    : "";
  const summary = `Disk ${address.slice("disk/".length)} is missing`;
  if (isProtected) {
    const detail = `${where} existed and is missing now. ${have.owner.label} was applied with prevent_destroy: true, so the disk is not recreated. Restore it; or, to create a new one, apply prevent_destroy: false first.${open}`;
    return problem("disk-lost", { summary, detail, address });
  }
  const detail = `${where} existed and is missing now. If it can be restored, do that and plan again; its data is lost when this plan creates a new one.${open}`;
  return problem("disk-lost", { summary, detail, address }, "warning");
}
