import type { DiskSpec } from "../../drivers/driver.ts";
import { instanceFiles } from "../../model/layout.ts";
import { type DiskAddress, disks } from "./disk-address.ts";

const roles: Readonly<Record<string, DiskSpec["role"]>> = {
  [instanceFiles.root]: "root",
  [instanceFiles.local]: "ephemeral",
  [instanceFiles.swap]: "swap",
  [instanceFiles.kernel]: "kernel",
  [instanceFiles.ramdisk]: "ramdisk",
  [instanceFiles.rescue]: "rescue",
  [instanceFiles.rescueKernel]: "kernel",
  [instanceFiles.rescueRamdisk]: "ramdisk",
};

/** What a file of an instance directory is for (Nova LAY-09); undefined when it is no disk. */
export function diskRole(fileName: string): DiskSpec["role"] | undefined {
  return roles[fileName] ?? (isEphemeral(fileName) ? "ephemeral" : undefined);
}

/** The file name of an ephemeral disk that an instance declares, by its number. Numbers start at 0. */
export function ephemeralFileName(index: number): string {
  return `disk.eph${index}`;
}

/** Whether a disk, by its file name, is an ephemeral that an instance declares. */
export function isEphemeral(fileName: string): boolean {
  return /^disk\.eph\d+$/.test(fileName);
}

/** Whether it is there for a rescue only: a copy of an image, which goes when the rescue is over (Nova LAY-10, RES-02). */
export function isForRescue(fileName: string): boolean {
  return fileName.endsWith(".rescue");
}

/** Whether a disk, by its file name, only ever holds what is in its image. */
export function isCopy(fileName: string): boolean {
  return fileName === instanceFiles.kernel || fileName === instanceFiles.ramdisk || isForRescue(fileName);
}

/** `disk/web-0.root`, `disk/web-0.eph0`, `disk/web-0.kernel-rescue`, by the disk's file name. */
export function diskAddress(instance: string, fileName: string): DiskAddress {
  return disks.at(`${instance}.${fileName === instanceFiles.root ? "root" : fileName.replace(/^disk\./, "").replace(".", "-")}`);
}
