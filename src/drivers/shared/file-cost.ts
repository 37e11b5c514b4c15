import type { Cost } from "../../model/cost.ts";
import { filesystemBytes } from "../../tools/filesystem-bytes.ts";
import { luksReserve } from "../../tools/luks.ts";
import { baseOf, blankOf } from "../content.ts";
import type { DiskSpec, DiskStart } from "../driver.ts";

/** The sum of sizes; null where one of them is not known (null). */
export function plus(...sizes: readonly (number | null)[]): number | null {
  return sizes.reduce<number | null>((sum, size) => (sum === null || size === null ? null : sum + size), 0);
}

/** The virtual size that a disk is to have; null where it is that of a base image that is not known. */
export function wantedSize(disk: DiskSpec, { base }: DiskStart): number | null {
  return disk.size ?? base?.virtualSize ?? null;
}

/** Bytes that the empty filesystem of a disk writes; 0 for a disk without one. */
export function blankBytes(disk: DiskSpec): number {
  const blank = blankOf(disk);
  return blank === null ? 0 : filesystemBytes(blank.filesystem, disk.size ?? 0);
}

/** What a raw disk costs that is a file with holes: the content of its base image or filesystem, or all of it with preallocation. Pure. */
export function rawFileCost(disk: DiskSpec, from: DiskStart): Cost {
  const size = wantedSize(disk, from);
  const reserves = disk.preallocate === "space";
  if (from.size > 0) {
    const more = Math.max(0, (size ?? 0) - from.size);
    return { takes: { thin: reserves ? more : 0, full: more } };
  }
  if (disk.encryption !== null) return containerCost(disk, from);
  const base = baseOf(disk);
  const content = base === null ? blankBytes(disk) : (from.base?.content ?? null);
  const takes = { thin: reserves ? size : content, full: size };
  if (base === null) return { takes };
  return { moves: base.format === "raw" ? { copy: content } : { convert: content }, takes };
}

/** What a LUKS container around a disk costs: a base image or a filesystem is encrypted with all its zeros. Pure. */
export function containerCost(disk: DiskSpec, from: DiskStart): Cost {
  const size = wantedSize(disk, from);
  const written = baseOf(disk) !== null ? (from.base?.virtualSize ?? null) : blankOf(disk) === null ? 0 : size;
  const full = plus(size, luksReserve);
  return { moves: { convert: written }, takes: { thin: disk.preallocate === "space" ? full : plus(written, luksReserve), full } };
}
