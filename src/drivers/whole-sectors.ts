/** Disks are counted in sectors of 512 bytes. A raw image that ends within one is read as if zeros followed, as QEMU does. */
export function wholeSectors(bytes: number): number {
  return Math.ceil(bytes / 512) * 512;
}
