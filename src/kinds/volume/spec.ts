import type { DiskSpec, DiskState } from "../../drivers/driver.ts";
import type { Address } from "../../model/address.ts";
import { uuidV5 } from "../../model/uuid.ts";
import type { Filesystem } from "../../tools/mkfs.ts";
import type { ImageSpec } from "../image/spec.ts";

/** A volume as it should be. */
export interface VolumeSpec {
  readonly kind: "volume";
  readonly name: string;
  readonly disk: DiskSpec;
  readonly preventDestroy: boolean;
  /** Of a volume that is cloned within its Ceph cluster: what to fetch should that no longer be possible when its time comes. */
  readonly fallback?: ImageSpec;
}

/** What was last applied to a volume, as its label records it. */
export interface AppliedVolume {
  readonly backend: string;
  /** The volume group or pool that it was put into. Absent for files, and in labels of earlier versions. */
  readonly place?: string;
  /** Bytes. */
  readonly size: number;
  readonly filesystem?: Filesystem;
  /** Name of the image in the configuration. */
  readonly image?: string;
}

/** A volume of ours as found. */
export interface VolumeState {
  readonly kind: "volume";
  readonly uuid: string;
  readonly name: string;
  readonly path: string;
  readonly applied: AppliedVolume;
  readonly preventDestroy: boolean;
  /** Whether it was once there whole: then its absence is a loss, before that it is only not made yet. */
  readonly made: boolean;
  readonly disk: DiskState | undefined;
}

/** The file name of a volume in its directory; also part of its name where backends keep disks elsewhere. */
export const volumeFileName = "disk";

/** The same on every run and every machine, so that a volume is found again by its name. */
export function volumeUuid(project: string, name: string): string {
  return uuidV5(`volume/${project}/${name}`);
}

/** `volume/data`. The same text is the fact that it exists. */
export function volumeAddress(name: string): Address {
  return `volume/${name}`;
}
