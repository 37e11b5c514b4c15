import type { Observed } from "../../model/observed.ts";
import { cachedImage } from "./address.ts";
import type { ImageSidecar, ImageSpec } from "./spec.ts";

/** What decides about the content of a base image: the bytes that are fetched, and what is made of them. */
export interface ContentSource extends Pick<ImageSpec, "diskFormat" | "format" | "unpack" | "bootFile"> {
  readonly checksum: NonNullable<ImageSpec["checksum"]>;
}

/** The same of a wanted image, as far as the configuration says it; undefined for one without a checksum. */
export function declaredSource({ checksum, diskFormat, format, unpack, bootFile }: ImageSpec): ContentSource | undefined {
  return checksum === null ? undefined : { checksum, diskFormat, format, unpack, bootFile };
}

/**
 * Whether two entries of the cache hold the same content: the configuration declares for `wanted` what `before` was made from, or both are in the cache
 * and were made from the same bytes. An image has another entry once its checksum is written, or its source is another address of the same file.
 */
export function isSameBytes(
  observed: Pick<Observed, "get">,
  before: string,
  wanted: { readonly entry: string; readonly declared: ContentSource | undefined },
): boolean {
  const had = cachedImage(observed, before)?.sidecar;
  if (had === undefined) return false;
  const has = cachedImage(observed, wanted.entry)?.sidecar;
  return [wanted.declared, has === undefined ? undefined : sourceOf(has)].some((source) => source !== undefined && isMadeFrom(had, source));
}

function sourceOf({ digests: { sha256 }, diskFormat, format, unpack = "none", bootFile }: ImageSidecar): ContentSource | undefined {
  return sha256 === undefined
    ? undefined
    : { checksum: { algorithm: "sha256", hex: sha256 }, diskFormat, format, unpack, bootFile: bootFile === true };
}

function isMadeFrom(sidecar: ImageSidecar, { checksum, ...made }: ContentSource): boolean {
  return (
    sidecar.digests[checksum.algorithm] === checksum.hex &&
    sidecar.diskFormat === made.diskFormat &&
    sidecar.format === made.format &&
    (sidecar.unpack ?? "none") === made.unpack &&
    (sidecar.bootFile === true) === made.bootFile
  );
}
