import type { DiskState } from "../../drivers/driver.ts";
import type { Filesystem } from "../../tools/mkfs.ts";

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
  /** The directory with its label is missing, and the volume is known from its second record. */
  readonly unlabelled?: true;
}
