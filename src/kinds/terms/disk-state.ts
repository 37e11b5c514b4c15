import type { DiskState, GrownBase } from "../../drivers/driver.ts";
import type { Filesystem } from "../../tools/mkfs.ts";
import type { Layer } from "./disk-chain.ts";

/** What was last applied to a disk, as the instance directory's label records it. */
export interface AppliedDisk {
  readonly backend: string;
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
  /** It is being created or removed while its domain is defined; if it is missing, it is not lost. */
  readonly unfinished?: true;
  /** Paths of the layers above the disk, of one that is being removed. */
  readonly layers?: readonly string[];
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
  /** Undefined if the label names the disk and it is missing: not created yet, or lost. */
  readonly disk: DiskState | undefined;
  readonly running: boolean;
  /** The guest is off and its memory is saved, which belongs to this disk as it is. */
  readonly saved?: boolean;
  /** A domain with this disk was defined at some time; the domain may be gone. */
  readonly defined: boolean;
  /** That domain was applied with prevent_destroy. */
  readonly protected: boolean;
  /** The directory with its label is missing, and the disk is known from libvirt's definition only: of what was applied, only the driver is known. */
  readonly unlabelled?: true;
  /** The layers above the disk, the upper ones first: the size in `disk` is that of the top layer. Absent: the guest has the disk directly. */
  readonly above?: readonly Layer[];
  /** The backing file, if that is a grown copy of a base image and is missing. */
  readonly lostBacking?: GrownBase;
}
