import { formatFacts } from "./formats.ts";
import type { ImageSidecar } from "./spec.ts";

/**
 * The SHA-256 that the base image has while it is whole; undefined when none was recorded. A base that was neither converted nor unpacked
 * has the bytes that were published. Pure.
 */
export function contentDigest({ content, digests, diskFormat, format, bootFile, unpack }: ImageSidecar): string | undefined {
  if (content !== undefined) return content;
  if (unpack !== undefined) return undefined;
  return bootFile === true || formatFacts[diskFormat].qemu === format ? digests.sha256 : undefined;
}
