import { instanceFiles } from "../model/layout.ts";

/** What the address of a disk of this project means. */
export interface TakenAddress {
  readonly kind: "instance" | "volume";
  /** Of the instance, or of the volume. */
  readonly name: string;
  /** File name of the disk in the directory of its owner. */
  readonly file: string;
}

/**
 * The parts of `instance://NAME/DISK` or `volume://NAME`, with a label behind `#`, which makes another image of the disk; undefined for another text.
 * Pure.
 */
export function parseTakenAddress(address: string): TakenAddress | undefined {
  const [, name, disk] = /^instance:\/\/([A-Za-z0-9][\w.-]*)\/(root|local|eph\d{1,2})(?:#[\w.-]{1,64})?$/.exec(address) ?? [];
  if (name !== undefined) return { kind: "instance", name, file: disk === "root" ? instanceFiles.root : `disk.${disk}` };
  const [, volume] = /^volume:\/\/([A-Za-z0-9][\w.-]*)(?:#[\w.-]{1,64})?$/.exec(address) ?? [];
  return volume === undefined ? undefined : { kind: "volume", name: volume, file: volumeFile };
}

/** A volume is one disk, which has this name in its directory. */
const volumeFile = "disk";
