import { baseOf, blankOf } from "../../drivers/content.ts";
import type { InstanceDisk, InstanceDiskState } from "./disk.ts";
import { isElsewhere } from "./place.ts";

/** Whether a swap disk differs from the wanted one in its size only: its size is part of its content, and it holds no data. */
export function isSwapResize(want: InstanceDisk, have: InstanceDiskState): boolean {
  if (blankOf(want.disk)?.filesystem !== "swap" || want.disk.size === have.disk?.size) return false;
  return !isAnotherKind(want, have);
}

/** Whether only a new disk can be what is wanted: another size of a swap disk, another image by name, another backend or place, another filesystem, encrypted or no longer. New bytes under the same name leave the disk alone. */
export function mustBeRemade(want: InstanceDisk, have: InstanceDiskState): boolean {
  return isAnotherKind(want, have) || isSwapResize(want, have);
}

function isAnotherKind(want: InstanceDisk, have: InstanceDiskState): boolean {
  return (
    isElsewhere(want.disk, have.applied) ||
    (baseOf(want.disk)?.image ?? null) !== have.applied.image ||
    blankOf(want.disk)?.filesystem !== have.applied.filesystem ||
    isEncrypted(want) !== (have.disk?.encryption === "luks")
  );
}

/** Whether it is wanted encrypted. */
export function isEncrypted({ disk }: Pick<InstanceDisk, "disk">): boolean {
  return disk.encryption !== null;
}
