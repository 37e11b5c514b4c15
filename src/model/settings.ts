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
}
