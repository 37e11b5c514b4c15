import { userError } from "../../model/errors.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { diskPhrase, diskPhraseFirst } from "../disk-phrase.ts";
import type { DiskSpec } from "../driver.ts";

/** Throws a UserError for a disk that is missing or larger than requested: disks are never shrunk (Nova SIZE-04). */
export function refuseToShrink(disk: DiskSpec, size: number | undefined, bytes: number): void {
  if (size === undefined) {
    throw userError(
      "disk-missing",
      `${diskPhraseFirst(disk)} is missing`,
      `${disk.path} existed when its growth was planned. Run the same command again.`,
    );
  }
  if (size > bytes) {
    throw userError(
      "disk-would-shrink",
      `${diskPhraseFirst(disk)} is ${formatQuantity(size)}, larger than the requested ${formatQuantity(bytes)}`,
      `Disks are never shrunk, because that would destroy data. Use a flavor with at least ${formatQuantity(size)}.`,
    );
  }
}

/** The size of a disk that is made from nothing. */
export function requireSize(disk: DiskSpec): number {
  if (disk.size !== null) return disk.size;
  throw new Error(`${diskPhrase(disk)} has neither a base image nor a size`);
}
