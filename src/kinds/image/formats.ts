import type { ContentFormat } from "./inspect/finding.ts";
import type { DiskFormat, ImageSpec } from "./spec.ts";

interface FormatFacts {
  /** What qemu-img calls it; null for what is no disk. */
  readonly qemu: string | null;
  /** What the content may turn out to be (Nova FET-04: a partition table is a raw disk). */
  readonly contents: readonly ContentFormat[];
}

const raw: FormatFacts = { qemu: "raw", contents: ["raw", "gpt"] };

/** What is known of each `disk_format`. */
export const formatFacts: Readonly<Record<DiskFormat, FormatFacts>> = {
  raw,
  ami: raw,
  aki: raw,
  ari: raw,
  iso: { qemu: "raw", contents: ["iso"] },
  qcow2: { qemu: "qcow2", contents: ["qcow2"] },
  vmdk: { qemu: "vmdk", contents: ["vmdk"] },
  vhd: { qemu: "vpc", contents: ["vhd"] },
  vhdx: { qemu: "vhdx", contents: ["vhdx"] },
  vdi: { qemu: "vdi", contents: ["vdi"] },
  ploop: { qemu: "parallels", contents: ["ploop"] },
  "root-tar": { qemu: null, contents: [] },
};

/** What may be inside a raw base image. */
export const rawContents: readonly ContentFormat[] = ["raw", "gpt", "iso"];

/** Format that the base of an image has: raw, except for a qcow2 image where conversion is off (Nova FET-13, FET-16). */
export function baseFormat(diskFormat: DiskFormat, forceRaw: boolean): "raw" | "qcow2" {
  return diskFormat === "qcow2" && !forceRaw ? "qcow2" : "raw";
}

/** Whether the base of an image is another file than what its source holds. */
export function needsConversion({ bootFile, format, diskFormat }: Pick<ImageSpec, "bootFile" | "format" | "diskFormat">): boolean {
  return !bootFile && format === "raw" && formatFacts[diskFormat].qemu !== "raw";
}
