/** One layer of a disk: a file, a device or an image. */
export interface Layer {
  /** As the definition, or the header of the layer above, names it. */
  readonly source: string;
  /** As libvirt and qemu-img name it. */
  readonly format: string;
  /** Virtual size in bytes; null when it cannot be read. */
  readonly size: number | null;
  /** The path, or the source, of a disk, a volume or a base image of ours that this is, whatever it is named here; null for anything else. */
  readonly own: string | null;
}

/** Files in the directory of a disk that are based on it, where no definition tells which of them a guest writes to. */
export interface LooseLayers {
  /** The layers above the disk, the upper ones first; null if they are not one chain. */
  readonly layers: readonly Layer[] | null;
  /** The last layer of each chain, by path. */
  readonly tops: readonly string[];
}

/** What lies below one disk of a guest. */
export interface DiskChain {
  /** `vda`. */
  readonly target: string;
  /** It is what the guest runs with; otherwise what its next start uses. */
  readonly running: boolean;
  /** From the layer that the guest writes to down to the last one that could be read. */
  readonly layers: readonly Layer[];
  /** The disk or volume of ours that is one of the layers, as `own` of that layer; null when none is. */
  readonly disk: string | null;
  /** Why the last layer is not the bottom: a file is missing, the layers form a cycle, or there are too many. */
  readonly broken: { readonly why: "missing" | "cycle" | "too-deep" | "unreadable"; readonly source: string } | null;
  /** A block job of libvirt that has not ended, and where it copies to. */
  readonly job: { readonly name: string; readonly source: string | null } | null;
}
