import { baseOf } from "../../drivers/content.ts";
import type { DiskSpec } from "../../drivers/driver.ts";
import { driverOf } from "../../drivers/index.ts";
import type { ReportProgress } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import type { Json } from "../../model/json.ts";
import type { Wanted } from "../config/wanted.ts";
import { desiredImage } from "./desired.ts";
import { fetchImage } from "./fetch.ts";
import type { ImageSpec } from "./spec.ts";

/** For a disk that is cloned within its storage: the image to fetch if the clone is not possible at apply time (Nova RBD-03). Null for any other disk. */
export function cloneFallback(wanted: Wanted, disk: Pick<DiskSpec, "backend" | "content" | "encryption">): ImageSpec | null {
  const base = baseOf(disk);
  // An encrypted disk is a copy whatever its storage can clone.
  if (
    base === null ||
    disk.encryption !== null ||
    driverOf(disk.backend).clone?.from(wanted.facts.drivers[disk.backend], base.cloneFrom) === undefined
  )
    return null;
  return desiredImage(wanted, base.image);
}

/** Makes sure that the source of a disk exists: a snapshot that can be cloned, else the base image in the cache. */
export async function fetchUnlessCloneable(
  context: Context,
  disk: Pick<DiskSpec, "backend" | "content">,
  fallback: ImageSpec | null,
  report: ReportProgress,
): Promise<void> {
  if (fallback === null) return;
  if ((await driverOf(disk.backend).clone?.isPossible(context, baseOf(disk)?.cloneFrom ?? [])) === true) return;
  await fetchImage.run(context, fallback as unknown as Json, report);
}
