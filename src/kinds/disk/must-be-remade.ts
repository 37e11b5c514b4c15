import { baseOf, blankOf } from "../../drivers/content.ts";
import { anotherBy, appliedOf } from "../terms/disk-record.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import type { OwnedDisk } from "./disk.ts";

/** Whether a swap disk differs from the wanted one in its size only: its size is part of its content, and it holds no data. */
export function isSwapResize(want: OwnedDisk, have: OwnedDiskState): boolean {
  if (blankOf(want.disk)?.filesystem !== "swap" || want.disk.size === have.disk?.size) return false;
  return !isAnotherKind(want, have);
}

/**
 * Whether only a new disk can be what is wanted: another size of a swap disk, another image as far as `rebuild` of the instance follows it,
 * another backend or place, another filesystem, encrypted or no longer; and one that is to be recreated.
 */
export function mustBeRemade(want: OwnedDisk, have: OwnedDiskState): boolean {
  return have.replace === true || isAnotherKind(want, have) || isSwapResize(want, have);
}

function isAnotherKind(want: OwnedDisk, have: OwnedDiskState): boolean {
  if (anotherBy(appliedOf(want.disk), have.applied) !== undefined) return true;
  if (want.kind === "disk" && followsContent(want, have)) return true;
  return isEncrypted(want) !== isFoundEncrypted(have);
}

/** Whether it is encrypted. The header of a volume that was made without encryption says nothing: people may have put content into it. */
export function isFoundEncrypted({ kind, disk, applied }: OwnedDiskState): boolean {
  return disk?.encryption === "luks" && (kind === "disk" || applied.encrypted);
}

/** Whether the content of its image has changed, and the instance follows that. */
export function followsContent(
  { domain, disk }: Pick<OwnedDisk, "domain" | "disk">,
  { applied }: Pick<OwnedDiskState, "applied">,
): boolean {
  const entry = baseOf(disk)?.entry;
  return domain?.rebuild === "on_image_change" && entry !== undefined && applied.entry !== null && applied.entry !== entry;
}

/** Whether it is wanted encrypted. */
export function isEncrypted({ disk }: Pick<OwnedDisk, "disk">): boolean {
  return disk.encryption !== null;
}
