import type { DiskOwner, DiskState, GrownBase } from "../../drivers/driver.ts";
import type { Layer, LooseLayers } from "./disk-chain.ts";
import type { AppliedDisk } from "./disk-record.ts";

/** A disk that virtform owns as found: of an instance, or a volume. */
export interface OwnedDiskState {
  readonly kind: "disk" | "volume";
  /** As its label says; `protects` is the prevent_destroy that was last applied. */
  readonly owner: DiskOwner;
  readonly uuid: string;
  /** Of a volume: the name in its label, where the configuration has another one for it since. */
  readonly earlier?: string;
  /** It is to be recreated although nothing about it differs. */
  readonly replace?: true;
  /** File name: `disk`. */
  readonly name: string;
  readonly path: string;
  readonly applied: AppliedDisk;
  /** Undefined if the label names the disk and it is missing: not created yet, or lost. */
  readonly disk: DiskState | undefined;
  /** The guest that owns it runs. Never of a volume: `diskUser` finds the guest that has one. */
  readonly running: boolean;
  /** That guest is off and its memory is saved, which belongs to the disk as it is. */
  readonly saved: boolean;
  /**
   * Its record says whether it was ever whole. Of a disk of an instance only once a domain was defined over it; the domain may be gone.
   */
  readonly defined: boolean;
  /**
   * The directory with its label is missing, and the disk is known from elsewhere: a volume from its second record, a disk of an instance from
   * libvirt's definition, which of what was applied has the driver only.
   */
  readonly unlabelled: boolean;
  /** The layers above the disk, the upper ones first: the size in `disk` is that of the top layer. Absent: the guest has the disk directly. */
  readonly above?: readonly Layer[];
  /** Files in its directory that are based on it, of a volume and of a disk whose guest has no definition: `above` where nothing else tells. */
  readonly loose?: LooseLayers;
  /** It was created from an image and is based on a file that is no base image, or is empty; or the file in the cache that backs it is missing. */
  readonly baseTrouble?: "elsewhere" | "emptied" | "missing";
  /** The backing file, if that is a grown copy of a base image and is missing. */
  readonly lostBacking: GrownBase | null;
}
