/** A step in the life of an image on a host, as Glance announces it (Nova GLA-13). `at` and the host are added where it is sent. */
export interface ImageEvent {
  /** The fetch begins; its bytes are here and verified; the base image is published; the fetch failed. */
  readonly event: "image.prepare" | "image.upload" | "image.activate" | "image.error";
  /** Name of the image in the configuration, and entry of the cache. */
  readonly image: string;
  readonly entry: string;
  /** Without credentials. */
  readonly source: string;
  /** Bytes that were published, and their SHA-256. */
  readonly bytes?: number;
  readonly sha256?: string;
  /** The mirror that gave the last of them, without credentials. Absent: the source did. */
  readonly mirror?: string;
  /** Bytes of the disk. */
  readonly virtual_size?: number;
  /** Code and summary of what failed, and what to do about it. */
  readonly code?: string;
  readonly message?: string;
  readonly detail?: string;
}
