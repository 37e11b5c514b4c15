import type { Observed } from "../../model/observed.ts";
import { cachedImage } from "./address.ts";
import { type ContentSource, contentRecord, isMadeFrom } from "./content-record.ts";
import type { ImageSidecar, ImageSpec } from "./spec.ts";

/** What a wanted image is made from, as far as the configuration says it; undefined for one without a checksum. */
export function declaredSource({ checksum, diskFormat, format, unpack, bootFile }: ImageSpec): ContentSource | undefined {
  return checksum === null ? undefined : { checksum, diskFormat, format, unpack, bootFile };
}

/**
 * Whether an entry of the cache holds what a disk was made from: the configuration declares that for `wanted`, or its sidecar says so. What the disk
 * was made from is known from its record, or from the sidecar of its entry while that is in the cache. An image has another entry once its checksum is
 * written, or its source is another address of the same file.
 */
export function isSameBytes(
  observed: Pick<Observed, "get">,
  made: { readonly entry: string; readonly content: string | null },
  wanted: { readonly entry: string; readonly declared: ContentSource | undefined },
): boolean {
  const before = cachedImage(observed, made.entry)?.sidecar;
  const content = made.content ?? (before === undefined ? undefined : contentRecord(before));
  if (content === undefined) return false;
  const has = cachedImage(observed, wanted.entry)?.sidecar;
  return [wanted.declared, has === undefined ? undefined : sourceOf(has)].some(
    (source) => source !== undefined && isMadeFrom(content, source),
  );
}

function sourceOf({ digests: { sha256 }, diskFormat, format, unpack = "none", bootFile }: ImageSidecar): ContentSource | undefined {
  return sha256 === undefined
    ? undefined
    : { checksum: { algorithm: "sha256", hex: sha256 }, diskFormat, format, unpack, bootFile: bootFile === true };
}
