/** The name of a disk backend. `flat` is Nova's raw. */
export type BackendName = (typeof backendNames)[number];

/** All of them. */
export const backendNames = ["flat", "qcow2", "lvm", "rbd", "ploop"] as const;

/** The `host:` section with every default filled. Sizes are bytes. */
export interface HostSettings {
  /** libvirt connection URI. */
  readonly uri: string;
  /** Root of everything we keep on the host (Nova LAY-01). Absolute. */
  readonly instancesPath: string;
  readonly virtType: "auto" | "kvm" | "qemu" | "lxc";
  readonly imagesType: BackendName;
  readonly forceRawImages: boolean;
  readonly preallocateImages: "none" | "space";
  readonly reserved: { readonly memory: number; readonly disk: number };
  readonly allocationRatio: { readonly vcpus: number; readonly memory: number; readonly disk: number };
  /** Backends that this configuration names, for looking only at storage that matters. */
  readonly usedBackends?: readonly BackendName[];
  /** Programs that make what this configuration wants on empty disks: `mkfs.ext4`, `mkswap`. */
  readonly programs?: readonly string[];
  readonly lvm?: LvmSettings;
  readonly rbd?: RbdSettings;
  /** Raw images in Ceph that this configuration names, as `rbd://fsid/pool/image/snap`. */
  readonly cloneSources?: readonly string[];
}

/** How disks are kept in LVM. */
export interface LvmSettings {
  readonly volumeGroup: string;
  readonly sparse: boolean;
  readonly volumeClear: "none" | "zero" | "shred";
  /** Bytes from the start of a volume that are cleared; 0 is the whole volume (Nova LVM-09). */
  readonly volumeClearSize: number;
}

/** How disks are kept in Ceph. */
export interface RbdSettings {
  readonly pool: string;
  /** Without `client.`; null leaves it to Ceph's own default. */
  readonly user: string | null;
  /** Path of the Ceph configuration file on the host. */
  readonly conf: string;
  /** libvirt's secret with the user's key. */
  readonly secretUuid: string | null;
  /** Whether a root disk that grows keeps a snapshot from before (Nova RBD-10). */
  readonly resizeSnapshot: boolean;
}
