import { allDrivers } from "../../drivers/index.ts";
import type { ImageConfig } from "../config.ts";

/** Where a driver may find an image to clone from, the best first: its locations, then its source. None for images of other formats than raw (Nova RBD-04). */
export function cloneAddresses({
  source,
  locations = [],
  disk_format,
}: Pick<ImageConfig, "source" | "locations" | "disk_format">): string[] {
  if (disk_format !== "raw") return [];
  return [...new Set([...locations, source])].filter((address) => allDrivers().some(({ clone }) => clone?.takes(address) === true));
}
