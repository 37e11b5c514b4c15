import type { DiskSpec, DiskState } from "../../disks/backend.ts";
import type { LegacyBacking } from "../../disks/legacy-backing.ts";
import type { BackendName } from "../../model/settings.ts";
import type { Filesystem } from "../../tools/mkfs.ts";
import type { ImageSpec } from "../image/spec.ts";
import type { DomainSpec } from "./spec.ts";

/** A disk as it should be, together with the guest that uses it. */
export interface InstanceDisk {
  readonly kind: "disk";
  readonly disk: DiskSpec;
  readonly domain: DomainSpec;
  /** Of a disk that is cloned within its Ceph cluster: what to fetch should that no longer be possible when its time comes. */
  readonly fallback?: ImageSpec;
}

/** What was last applied to a disk, as the instance directory's label records it. */
export interface AppliedDisk {
  readonly backend: BackendName;
  /** Bytes; null kept the image's size. */
  readonly size: number | null;
  /** Name of the image in the configuration, and its cache entry at the time. */
  readonly image: string | null;
  readonly entry: string | null;
  /** Of a disk that was made from nothing. */
  readonly filesystem?: Filesystem;
  readonly encrypted?: true;
}

/** A disk of ours as found. */
export interface InstanceDiskState {
  readonly kind: "disk";
  readonly instance: string;
  readonly uuid: string;
  /** File name: `disk`. */
  readonly name: string;
  readonly path: string;
  readonly applied: AppliedDisk;
  /** Undefined when the label names it and it is not there: not yet made, or lost. */
  readonly disk: DiskState | undefined;
  readonly running: boolean;
  /** The guest is off and its memory is saved, which belongs to this disk as it is. */
  readonly saved?: boolean;
  /** A domain was defined over it once; it may be gone. */
  readonly defined: boolean;
  /** That domain was applied with prevent_destroy. */
  readonly protected: boolean;
  /** What it stands on, where that is a grown copy of a base image and is not there. */
  readonly lostBacking?: LegacyBacking;
  /** The guest's name for it, by the definition: `vdb`. Undefined when the definition does not have it. */
  readonly target?: string;
}
