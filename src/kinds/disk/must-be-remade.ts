import { blankOf } from "../../drivers/content.ts";
import { anotherBy, appliedOf } from "../terms/disk-record.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import type { OwnedDisk } from "./disk.ts";

/** Whether a swap disk differs from the wanted one in its size only: its size is part of its content, and it holds no data. */
export function isSwapResize(want: OwnedDisk, have: OwnedDiskState): boolean {
  if (blankOf(want.disk)?.filesystem !== "swap" || want.disk.size === have.disk?.size) return false;
  return !isAnotherKind(want, have);
}

/**
 * Whether only a new disk can be what is wanted: another size of a swap disk, another image by name, another backend or place, another
 * filesystem, encrypted or no longer. New bytes under the same name leave the disk alone.
 */
export function mustBeRemade(want: OwnedDisk, have: OwnedDiskState): boolean {
  return isAnotherKind(want, have) || isSwapResize(want, have);
}

function isAnotherKind(want: OwnedDisk, have: OwnedDiskState): boolean {
  if (anotherBy(appliedOf(want.disk), have.applied) !== undefined) return true;
  return isEncrypted(want) !== isFoundEncrypted(have);
}

/** Whether it is encrypted. The header of a volume that was made without encryption says nothing: people may have put content into it. */
export function isFoundEncrypted({ kind, disk, applied }: OwnedDiskState): boolean {
  return disk?.encryption === "luks" && (kind === "disk" || applied.encrypted);
}

/** Whether it is wanted encrypted. */
export function isEncrypted({ disk }: Pick<OwnedDisk, "disk">): boolean {
  return disk.encryption !== null;
}
