/** What the machine can do and has to give, as looked up before planning. Sizes are bytes. */
export interface HostFacts {
  readonly hostname: string;
  /** As libvirt names it: `x86_64`. */
  readonly arch: string;
  /** Whether libvirt offers KVM guests of the host's own architecture. */
  readonly kvm: boolean;
  readonly cpus: number;
  readonly memory: number;
  /** The filesystem that holds the instances path (or its nearest existing parent). */
  readonly disk: {
    readonly total: number;
    readonly free: number /** Whether files there can be read past the page cache (O_DIRECT). */;
    readonly directIo: boolean;
    /** Which filesystem it is, and whether it reserves space for files. Looked up only where that is asked for. */
    readonly preallocation?: { readonly filesystem: string; readonly reserves: boolean };
  };
  readonly libvirtVersion: string;
  /** Of a host elsewhere: the way that the bytes of each image take to it, by the image's source. */
  readonly imageWays?: Readonly<Record<string, ImageWay>>;
  /** Of the programs that the configuration needs, those that are not installed. */
  readonly missingPrograms?: readonly string[];
  /** Storage beside that filesystem, as far as the configuration names it. */
  readonly storage?: StorageFacts;
}

/** How the bytes of an image get to a host elsewhere. */
export interface ImageWay {
  /** Such as `pushed from here, 326KiB`. */
  readonly words: string;
  /** How many they are, where that is known. */
  readonly bytes?: number;
}

/** What backends have to give that keep disks elsewhere. Absent: not looked at. Sizes are bytes. */
export interface StorageFacts {
  /** The volume group; null when there is none of that name. */
  readonly lvm?: { readonly size: number; readonly free: number; readonly extentSize: number } | null;
  readonly rbd?: CephFacts;
  /** Whether the `ploop` program is there. */
  readonly ploop?: boolean;
}

/** The Ceph cluster that disks are kept in. */
export interface CephFacts {
  readonly fsid: string;
  /** As `host:port`. */
  readonly monitors: readonly string[];
  /** Whether the pool is there. */
  readonly pool: boolean;
  /** Whether libvirt knows the secret with the guests' key; absent where none is configured. */
  readonly secret?: boolean;
  /** Of the images that the configuration names in Ceph, those that disks can be cloned from: bytes by `rbd://` address. */
  readonly cloneable?: Readonly<Record<string, number>>;
}
