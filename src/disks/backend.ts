import type { ReportProgress } from "../model/action.ts";
import type { Context } from "../model/context.ts";
import type { BackendName } from "../model/settings.ts";

/** The base image that a disk is made from. */
export interface BaseRef {
  /** Name in the configuration. */
  readonly image: string;
  /** Cache entry (40 hex digits). */
  readonly entry: string;
  /** Absolute path of the base image on the host. */
  readonly path: string;
  /** Format of the base image's content, as decided when it was cached; never probed again. */
  readonly format: "raw" | "qcow2";
}

/** One disk of an instance, as it should be. */
export interface DiskSpec {
  readonly instance: string;
  readonly uuid: string;
  /** File name by Nova's layout: `disk`, `disk.eph0`, `kernel`. */
  readonly name: string;
  readonly role: "root" | "ephemeral" | "swap" | "kernel" | "ramdisk";
  readonly backend: BackendName;
  /** Absolute path for backends that keep files. */
  readonly path: string;
  /** Virtual size in bytes; null keeps the image's size (Nova BLD-14). */
  readonly size: number | null;
  /** Absent for a disk made from nothing. */
  readonly base?: BaseRef;
  readonly preallocate: "none" | "space";
}

/** One whole disk as found. A half-made disk is never reported. */
export interface DiskState {
  readonly backend: BackendName;
  readonly format: "raw" | "qcow2";
  /** Virtual size in bytes. */
  readonly size: number;
  /** Bytes it takes now. */
  readonly allocated: number;
  /** Absolute path of the backing file, where there is one. */
  readonly backing?: string;
}

/** How the domain XML refers to a disk. */
export interface DiskAttachment {
  readonly type: "file" | "block";
  readonly format: "raw" | "qcow2";
  readonly source: string;
}

/** Which disk to look for: as recorded in the label of the instance directory. */
export interface DiskRef {
  readonly uuid: string;
  readonly name: string;
  readonly path: string;
}

/** A disk as a running domain knows it. */
export interface OnlineDisk {
  /** Of the domain. */
  readonly uuid: string;
  /** Name the guest has it under: `vda`. */
  readonly target: string;
}

/** Where a disk's bytes live. Six members; a new one needs two backends that want it. */
export interface DiskBackend {
  readonly name: BackendName;
  /** Those of the given disks that exist whole, by `<uuid>/<name>`. One look for all of them. */
  list(context: Context, disks: readonly DiskRef[]): Promise<ReadonlyMap<string, DiskState>>;
  /** Makes sure that the disk is there and whole; an existing one is left as it is. */
  create(context: Context, disk: DiskSpec, report: ReportProgress): Promise<void>;
  /** Makes sure it is at least `bytes` large; never shrinks. `online`: the running domain that uses it, if one does. */
  grow(context: Context, disk: DiskSpec, bytes: number, online: OnlineDisk | undefined): Promise<void>;
  /** Fine when there is none. */
  remove(context: Context, disk: DiskRef): Promise<void>;
  /** Pure. */
  attachment(disk: DiskSpec): DiskAttachment;
}
