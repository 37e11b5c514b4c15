import type { DiskRef } from "../../drivers/driver.ts";
import type { InstanceDiskState } from "../terms/disk-state.ts";
import type { DomainSpec } from "../terms/spec.ts";
import type { OwnedDisk } from "./owned.ts";

export type { AppliedDisk, InstanceDiskState } from "../terms/disk-state.ts";

/** A disk as it should be, together with the guest that uses it. */
export interface InstanceDisk extends OwnedDisk {
  readonly kind: "disk";
  readonly domain: DomainSpec;
}

/** Which disk to look for: where it was put, whatever the configuration says by now. */
export function refOf({ uuid, name, path, applied: { place } }: Pick<InstanceDiskState, "uuid" | "name" | "path" | "applied">): DiskRef {
  return { uuid, name, path, place: place ?? null };
}
