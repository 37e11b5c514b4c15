import { closeSync, constants, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { errnoOf } from "./file-error.ts";

/** Puts the names of these paths on the disk: a rename that only memory knows of is undone by a power cut. */
export function syncNames(...paths: readonly string[]): void {
  for (const directory of new Set(paths.map((path) => dirname(path)))) syncDirectory(directory);
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } catch (error) {
    // Some network filesystems have nothing to do for a directory, and say so.
    if (errnoOf(error) !== "EINVAL") throw error;
  } finally {
    closeSync(descriptor);
  }
}
