import { baseOf } from "../../drivers/content.ts";
import type { DiskSpec, KnownBase } from "../../drivers/driver.ts";
import type { SourceFacts } from "../../model/host-facts.ts";
import type { Wanted } from "../config/wanted.ts";
import { desiredImage } from "./desired.ts";
import type { ImageSpec, ImageState } from "./spec.ts";

/** What is known of a base image in the cache. */
export function knownBase({ sidecar, allocated }: ImageState): KnownBase {
  return { virtualSize: sidecar.virtualSize, content: allocated };
}

/** The base image of a disk as it will be in the cache, by what its source said during the look; null for a disk without one. */
export function expectedBase(wanted: Wanted, disk: Pick<DiskSpec, "content">): KnownBase | null {
  const base = baseOf(disk);
  if (base === null) return null;
  const image = desiredImage(wanted, base.image);
  return expectedOf(wanted.facts.sources[image.source], image);
}

/**
 * The base image that is made from what a source holds. What a format says about empty space is known only after it is read: the content is taken to
 * be as large as the file, and the virtual size of other formats than raw is not known. Compressed and packed images become larger.
 */
export function expectedOf(source: SourceFacts | undefined, { diskFormat, unpack }: Pick<ImageSpec, "diskFormat" | "unpack">): KnownBase {
  const bytes = source?.bytes ?? null;
  if (unpack !== "none") return { virtualSize: null, content: bytes };
  const isRaw = ["raw", "iso", "ami", "aki", "ari"].includes(diskFormat);
  return { virtualSize: isRaw ? bytes : null, content: source?.content ?? bytes };
}
