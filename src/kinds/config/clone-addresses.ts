import type { ImageConfig } from "../config.ts";

/** Where in Ceph an image may be cloned from, the best first: its locations, then its source. None for what is not raw (Nova RBD-04). */
export function cloneAddresses({
  source,
  locations = [],
  disk_format,
}: Pick<ImageConfig, "source" | "locations" | "disk_format">): string[] {
  if (disk_format !== "raw") return [];
  return [...new Set([...locations, source])].filter((address) => address.startsWith("rbd://"));
}
