import type { DiskRef, DiskSpec, DiskState } from "../../drivers/driver.ts";
import type { LegacyBacking } from "../../drivers/qcow2/legacy-backing.ts";
import type { BackendName } from "../../model/settings.ts";
import type { Filesystem } from "../../tools/mkfs.ts";
import type { ImageSpec } from "../image/spec.ts";
import type { DomainSpec } from "../terms/spec.ts";

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
  /** The volume group or pool that it was put into. Absent for files, and in labels of earlier versions. */
  readonly place?: string;
  /** Bytes; null kept the image's size. */
  readonly size: number | null;
  /** Name of the image in the configuration, and its cache entry at the time. */
  readonly image: string | null;
  readonly entry: string | null;
  /** Of a disk that was made from nothing. */
  readonly filesystem?: Filesystem;
  readonly encrypted?: true;
  /** It is being made or removed below a domain that is defined: then it is not lost when it is not there. */
  readonly unfinished?: true;
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
}

/** Which disk to look for: where it was put, whatever the configuration says by now. */
export function refOf({ uuid, name, path, applied: { place } }: Pick<InstanceDiskState, "uuid" | "name" | "path" | "applied">): DiskRef {
  return { uuid, name, path, ...(place === undefined ? {} : { place }) };
}
