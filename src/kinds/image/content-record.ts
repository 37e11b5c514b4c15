import type { ImageSidecar, ImageSpec } from "./spec.ts";

/** What decides about the content of a base image: the bytes that are fetched, and what is made of them. */
export interface ContentSource extends Pick<ImageSpec, "diskFormat" | "format" | "unpack" | "bootFile"> {
  readonly checksum: NonNullable<ImageSpec["checksum"]>;
}

/** What a base image was made from, as the record of a disk keeps it: `sha256:9b41… qcow2/raw/none`, with every digest that is known. Pure. */
export function contentRecord({ digests, diskFormat, format, unpack = "none", bootFile }: ImageSidecar): string {
  const known = Object.entries(digests).map(([algorithm, hex]) => `${algorithm}:${hex}`);
  return [...known, making({ diskFormat, format, unpack, bootFile: bootFile === true })].join(" ");
}

/** Whether such a record is that of a base image made from this source. Pure. */
export function isMadeFrom(record: string, { checksum, ...made }: ContentSource): boolean {
  const words = record.split(" ");
  return words.includes(`${checksum.algorithm}:${checksum.hex}`) && words.at(-1) === making(made);
}

/** `qcow2/raw/none`: what came, what was made of it, and how it was packed. */
function making({ diskFormat, format, unpack, bootFile }: Omit<ContentSource, "checksum">): string {
  return [diskFormat, format, unpack, ...(bootFile ? ["boot"] : [])].join("/");
}
