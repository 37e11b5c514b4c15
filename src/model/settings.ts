/** The `host:` section with every default filled. Sizes are bytes. */
export interface HostSettings {
  /** libvirt connection URI. */
  readonly uri: string;
  /** Root of everything we keep on the host (Nova LAY-01). Absolute. */
  readonly instancesPath: string;
  /** Name of the image cache in the instances path (Nova image_cache.subdirectory_name). Absent: the usual one, `_base`. */
  readonly imageCacheName?: string | undefined;
  /** A session of a reader changes nothing. Absent: admin. */
  readonly role?: "admin" | "reader";
  /** Program and arguments that get the events of images. */
  readonly eventHook?: readonly string[] | undefined;
  readonly virtType: "auto" | "kvm" | "qemu" | "lxc";
  /** Name of the driver of disks that name none. */
  readonly imagesType: string;
  readonly forceRawImages: boolean;
  readonly preallocateImages: "none" | "space";
  readonly reserved: { readonly memory: number; readonly disk: number };
  readonly allocationRatio: { readonly vcpus: number; readonly memory: number; readonly disk: number };
  /** Most that all guests of the host may have together (of disk: all disks of the project); what is absent has no limit. */
  readonly limits?: { readonly vcpus?: number; readonly memory?: number; readonly disk?: number } | undefined;
  /** Drivers that this configuration names, for looking only at storage that matters. */
  readonly usedDrivers: readonly string[];
  /** Programs that make what this configuration wants on empty disks, or unpack its images: `mkfs.ext4`, `mkswap`, `xz`. */
  readonly programs: readonly string[];
  /** What this configuration needs of the host's networks; null where that is nothing. */
  readonly networks: {
    /** Networks of libvirt that other administrators keep. */
    readonly names: readonly string[];
    readonly bridges: readonly string[];
    /** Open vSwitch bridges and network cards. */
    readonly devices: readonly string[];
    /** Of the networks, those whose subnets the configuration describes. */
    readonly families: readonly string[];
    /** Of the networks, those in which interfaces are filtered. */
    readonly filtered: readonly string[];
    /** Subnets in which the host is to have an address. */
    readonly subnets: readonly string[];
    /** Bridges that libvirt is to make, where the configuration names them. */
    readonly made: readonly string[];
  } | null;
  /** Whether this configuration filters the traffic of guests. */
  readonly filtersTraffic: boolean;
  /** Machine types whose capabilities are looked up; null stands for the default of the host. */
  readonly machines: readonly (string | null)[];
  /** What drivers and image services make of their own sections, by name: plain data that only these understand. */
  readonly drivers: Readonly<Record<string, unknown>>;
  /** Addresses of raw images that this configuration names and a driver may clone disks from. */
  readonly cloneSources: readonly string[];
}
