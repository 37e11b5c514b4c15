import type { Config } from "../config.ts";

/** Whether the root file system of an image is made from a tar archive. */
export function usesRootArchives({ images = {} }: Pick<Config, "images">): boolean {
  return Object.values(images).some(({ disk_format }) => disk_format === "root-tar");
}
