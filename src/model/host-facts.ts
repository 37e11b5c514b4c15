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
  /** What drivers found of their storage, by name: plain data that only the driver itself understands. */
  readonly drivers?: Readonly<Record<string, unknown>>;
}

/** How the bytes of an image get to a host elsewhere. */
export interface ImageWay {
  /** Such as `pushed from here, 326KiB`. */
  readonly words: string;
  /** How many they are, where that is known. */
  readonly bytes?: number;
}
