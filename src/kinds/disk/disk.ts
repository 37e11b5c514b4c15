import type { DiskRef, DiskSpec, KnownBase, ListedDisk } from "../../drivers/driver.ts";
import type { ContentSource } from "../image/content-record.ts";
import type { ImageSpec } from "../image/spec.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import type { Injection } from "../terms/injection.ts";
import type { DomainSpec } from "../terms/spec.ts";

/** A disk that virtform owns, as it should be: of an instance, or a volume. */
export interface OwnedDisk {
  readonly kind: "disk" | "volume";
  readonly disk: DiskSpec;
  /** For a disk that is cloned within its storage: the image to fetch if cloning is no longer possible when the disk is created. Null for any other. */
  readonly fallback: ImageSpec | null;
  /** The guest that a disk of an instance lives and dies with; null for a volume. */
  readonly domain: DomainSpec | null;
  /** What is written into a root disk after it is made. Absent: nothing. */
  readonly injection?: Injection;
  /** Its base image as it will be, where it is not in the cache yet. Absent: not known, or without one. */
  readonly expected?: KnownBase | null;
}

/** A disk of an instance. */
export interface InstanceDisk extends OwnedDisk {
  readonly kind: "disk";
  readonly domain: DomainSpec;
  /** What its image is made from, where the image has a checksum. Absent: it has none, or the disk has no image. */
  readonly source?: ContentSource;
  /** The image that is configured, of a disk that stays on the one that it was made from. Absent: it is the same. */
  readonly behind?: string;
  /** The record of what the configuration injects, of a disk that keeps what it was made with. Absent: it is the same, or nothing. */
  readonly injectedBehind?: string;
}

/** Whether a disk belongs to an instance. */
export function isInstanceDisk(want: OwnedDisk): want is InstanceDisk {
  return want.kind === "disk";
}

/** Which disk to look for: where it was put, even if the configuration names another place now. */
export function refOf({ uuid, name, path, applied: { place } }: Pick<OwnedDiskState, "uuid" | "name" | "path" | "applied">): DiskRef {
  return { uuid, name, path, place };
}

/** The same for a look, which uses the record where a disk itself does not say what it is. */
export function listedOf(disk: Pick<OwnedDiskState, "uuid" | "name" | "path" | "applied">): ListedDisk {
  return { ...refOf(disk), encrypted: disk.applied.encrypted };
}
