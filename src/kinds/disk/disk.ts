import type { DiskRef, DiskSpec } from "../../drivers/driver.ts";
import type { ImageSpec } from "../image/spec.ts";
import type { InstanceDiskState } from "../terms/disk-state.ts";
import type { DomainSpec } from "../terms/spec.ts";

export type { AppliedDisk, InstanceDiskState } from "../terms/disk-state.ts";

/** A disk as it should be, together with the guest that uses it. */
export interface InstanceDisk {
  readonly kind: "disk";
  readonly disk: DiskSpec;
  readonly domain: DomainSpec;
  /** Of a disk that is cloned within its Ceph cluster: what to fetch should that no longer be possible when its time comes. */
  readonly fallback?: ImageSpec;
}

/** Which disk to look for: where it was put, whatever the configuration says by now. */
export function refOf({ uuid, name, path, applied: { place } }: Pick<InstanceDiskState, "uuid" | "name" | "path" | "applied">): DiskRef {
  return { uuid, name, path, ...(place === undefined ? {} : { place }) };
}
