import type { Filesystem } from "./mkfs.ts";

const mebibyte = 2 ** 20;

/**
 * About how many bytes a new filesystem writes to an empty disk of this size, holes not counted, as `mkfsCommand` makes it. Measured with
 * disks of 64 MiB to 100 GiB. Pure.
 */
export function filesystemBytes(filesystem: Filesystem, size: number): number {
  switch (filesystem) {
    case "ext2":
    case "ext4":
      return Math.min(size / 2560, 4.5 * mebibyte) + 0.3 * mebibyte;
    case "ext3":
      // The journal is written; it has a thirty-second part of small disks.
      return Math.max(4 * mebibyte, Math.min(size / 32, 64 * mebibyte + size / 256, 512 * mebibyte));
    case "xfs":
      return 65 * mebibyte;
    case "ntfs":
      return size / 190 + 0.5 * mebibyte;
    case "vfat":
      return size / 1024 + 0.1 * mebibyte;
    case "swap":
      return 4096;
  }
}
