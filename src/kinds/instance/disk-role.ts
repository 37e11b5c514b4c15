import type { DiskSpec } from "../../disks/backend.ts";
import type { Address } from "../../model/address.ts";
import { instanceFiles } from "../../model/layout.ts";

const fileNames: Partial<Record<DiskSpec["role"], string>> = {
  root: instanceFiles.root,
  kernel: instanceFiles.kernel,
  ramdisk: instanceFiles.ramdisk,
};

/** The file name of the one disk that an instance has in this role (Nova LAY-09). */
export function diskFileName(role: "root" | "kernel" | "ramdisk"): string {
  return fileNames[role] ?? role;
}

/** What a file of an instance directory is for; undefined when it is no disk. */
export function diskRole(fileName: string): "root" | "kernel" | "ramdisk" | undefined {
  if (fileName === instanceFiles.root) return "root";
  if (fileName === instanceFiles.kernel) return "kernel";
  return fileName === instanceFiles.ramdisk ? "ramdisk" : undefined;
}

/** `disk/web-0.root`. The same text is the fact that the disk exists. */
export function diskAddress(instance: string, role: DiskSpec["role"]): Address {
  return `disk/${instance}.${role}`;
}
