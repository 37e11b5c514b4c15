const block = 4096;
const compressed = 0.9;

/**
 * Whether a disk is better written past the page cache when it is converted: one whose data lies in its file as it is, so that a conversion only copies it. New memory
 * for it would take longer than the disk. What is compressed comes in small pieces, each of which would wait for the disk. QEMU rounds a length that is
 * no multiple of a block up when it writes past the cache. All in bytes: the file, the data in the disk, the disk. Pure.
 */
export function writesPastCache({ file, data, disk }: { readonly file: number; readonly data: number; readonly disk: number }): boolean {
  return disk % block === 0 && file >= data * compressed;
}
