import type { Context } from "../../model/context.ts";
import { RefusedError, userError } from "../../model/errors.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { qcow2HeaderBytes, readQcow2Header } from "../../tools/qcow2-header.ts";
import { baseOf } from "../content.ts";
import { diskPhraseFirst } from "../disk-phrase.ts";
import type { BaseRef, DiskSpec } from "../driver.ts";
import { wholeSectors } from "../whole-sectors.ts";

/** A base image that a disk may be made from. Sizes are bytes. */
export interface CheckedBase {
  readonly virtualSize: number;
  /** Of a qcow2 base. */
  readonly clusterSize?: number;
}

/**
 * Checks a base each time a disk is made from it: it exists, and a qcow2 base opens no other file (Nova QCOW-05). A raw
 * base is never inspected: its format was decided when it was cached.
 */
export async function checkBase(context: Context, base: BaseRef): Promise<CheckedBase> {
  const { files } = context.host;
  const stat = await files.stat(base.path);
  if (stat === undefined || stat.type !== "file") {
    throw userError(
      "base-image-missing",
      `The base image of ${base.image} is missing`,
      `${base.path} was removed after the plan was made. Run the same command again to fetch it.`,
    );
  }
  if (base.format === "raw") return { virtualSize: stat.size };
  const reading = readQcow2Header((await files.read(base.path, { offset: 0, length: qcow2HeaderBytes })) ?? Buffer.alloc(0));
  if (reading?.header === undefined) {
    throw new RefusedError(
      "base-image-damaged",
      `The base image ${base.path} is not a valid qcow2 file: ${reading?.problem ?? "the header is missing"}`,
      "Remove it and apply again.",
    );
  }
  const { header } = reading;
  if (header.backingAt !== undefined || header.dataFile || header.encryption !== 0) {
    throw new RefusedError(
      "image-has-backing-file",
      `The base image ${base.path} refers to another file, so it was modified after it was checked`,
      "Remove it, find the cause and apply again.",
    );
  }
  return { virtualSize: header.virtualSize, clusterSize: header.clusterSize };
}

/** The virtual size that a disk gets: as wanted, or the base's own in whole sectors. Throws when the base would not fit (Nova SIZE-01). */
export function sizeOn(disk: DiskSpec, base: CheckedBase): number {
  // A kernel or a ramdisk is a file and no disk: more bytes would be another one.
  if (disk.size === null) return disk.role === "kernel" || disk.role === "ramdisk" ? base.virtualSize : wholeSectors(base.virtualSize);
  if (disk.size >= base.virtualSize) return disk.size;
  throw userError(
    "flavor-disk-smaller-than-image",
    `${diskPhraseFirst(disk)} is too small for image ${baseOf(disk)?.image ?? ""}`,
    `The disk has ${formatQuantity(disk.size)} and the image is ${formatQuantity(base.virtualSize)}. Use a flavor with a larger disk.`,
  );
}
