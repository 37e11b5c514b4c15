import type { ImageConfig } from "../config.ts";

/** The checksum of an image where it is in a file that its publisher signs. */
export function signedChecksumOf(checksum: ImageConfig["checksum"]): Exclude<ImageConfig["checksum"], string | undefined> | undefined {
  return typeof checksum === "object" ? checksum : undefined;
}

/** The digest that is written into the configuration, whichever way; undefined where there is none. */
export function pinnedDigest(checksum: ImageConfig["checksum"]): string | undefined {
  return typeof checksum === "object" ? checksum.digest : checksum;
}
