/** How libguestfs opens a disk. */
export interface GuestDisk {
  /** Path of a file or a block device; in Ceph `pool/image`. */
  readonly file: string;
  readonly format: "raw" | "qcow2";
  /** In Ceph: the user and the path of the configuration file on the host. Null: it is a file or a block device. */
  readonly ceph: { readonly user: string; readonly conf: string } | null;
}

/** Where in a disk the file system is: found by inspection, the whole disk, or a partition by its number (Nova INJ-03, `inject_partition`). */
export type GuestPartition = "inspect" | "none" | number;

/** A file of a disk as found. `long`: it has more than 1 MiB and was not read. */
export type FoundFile = { readonly type: "none" | "other" | "long" } | { readonly type: "file"; readonly content: string };

/** A file to write. */
export interface GuestWrite {
  /** Absolute, in the disk. Links are followed within it. */
  readonly path: string;
  /** In base64. */
  readonly content: string;
  /** Null: an existing file keeps its mode, a new one has 0644. */
  readonly mode: number | null;
  /** User and group by number. Null: an existing file keeps its owner, a new one is root's. */
  readonly owner: readonly [uid: number, gid: number] | null;
  /** Mode of the directory of the file, where that is made. */
  readonly parents: number;
}

/** What a session did not do. */
export interface GuestfsTrouble {
  readonly step: string;
  readonly message: string;
  readonly roots?: readonly string[];
  /** Types by device: `{ "/dev/sda1": "ext4" }`. */
  readonly filesystems?: Readonly<Record<string, string>>;
  readonly point?: string;
  readonly device?: string;
}
