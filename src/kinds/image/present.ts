import type { Presentation } from "../../model/presentation.ts";

/** How people see images and the cache of base images. */
export const presentImages: Readonly<Record<string, Presentation>> = {
  image: { sizes: new Set(["size", "min_disk", "min_ram", "virtual_size", "file_size", "allocated"]) },
  base: { sizes: new Set(["size", "virtual_size", "file_size", "allocated"]) },
  leftover: { noun: ["leftover of an interrupted fetch", "leftovers of interrupted fetches"], sizes: new Set(["allocated"]) },
  "base-file": { noun: ["file in _base", "files in _base"] },
  "cache-file": { noun: ["file in the image cache", "files in the image cache"] },
};
