const mebibyte = 2 ** 20;

/** Nova LVM-02: what a sparse volume has from the beginning, beside its image. */
const sparseReserve = 64 * mebibyte;

/** The pool of a sparse volume. Sizes are bytes, in whole extents. */
export interface SparsePool {
  /** For what is written to the volume. */
  readonly data: number;
  /** For the pool's own records. The group keeps as much again in reserve, once for all pools. */
  readonly records: number;
}

/**
 * What a sparse volume begins with: Nova's 64 MiB alone would be too little for an image that is written at once. Undefined
 * when it would take as much as the volume itself, which is then an ordinary one.
 */
export function sparsePool(bytes: number, content: number, extentSize: number): SparsePool | undefined {
  const data = wholeExtents(sparseReserve + content, extentSize);
  // LVM's own rule: 64 bytes for each chunk of 64 KiB, and 2 MiB at least.
  const records = wholeExtents(Math.max(2 * mebibyte, data / 1024), extentSize);
  return data + records < bytes ? { data, records } : undefined;
}

/** The pool of the volume of that name. No disk can have it: underscores of their names are doubled. */
export function poolName(volume: string): string {
  return `${volume}_pool`;
}

/** The bytes that a volume of `bytes` takes: LVM gives whole extents. */
export function wholeExtents(bytes: number, extentSize: number): number {
  return Math.ceil(bytes / extentSize) * extentSize;
}
