import type { RbdName } from "./rbd.ts";

/** A snapshot of an image in a cluster that is named. */
export interface RbdAddress extends RbdName {
  readonly fsid: string;
  readonly snapshot: string;
}

/** Reads `rbd://fsid/pool/image/snap`; its parts are URL-encoded and none is blank (Nova RBD-04). Undefined for anything else. */
export function parseRbdAddress(address: string): RbdAddress | undefined {
  if (!address.startsWith("rbd://")) return undefined;
  try {
    const [fsid, pool, image, snapshot, ...rest] = address.slice("rbd://".length).split("/").map(decodeURIComponent);
    if (!fsid || !pool || !image || !snapshot || rest.length > 0) return undefined;
    return { fsid, pool, image, snapshot };
  } catch {
    return undefined;
  }
}
