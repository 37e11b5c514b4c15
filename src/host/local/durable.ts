import { closeSync, constants, fsync, openSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { errnoOf } from "../file-error.ts";

/**
 * Puts an open file on the disk. Beside everything else: where the disk has much to write it takes minutes, in which locks
 * have to be renewed and other objects go on.
 */
export const syncFile: (descriptor: number) => Promise<void> = promisify(fsync);

/** Puts the names of these paths on the disk: a rename that only memory knows of is undone by a power cut. */
export async function syncNames(...paths: readonly string[]): Promise<void> {
  for (const directory of new Set(paths.map((path) => dirname(path)))) await syncDirectory(directory);
}

async function syncDirectory(path: string): Promise<void> {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await syncFile(descriptor);
  } catch (error) {
    // Some network filesystems have nothing to do for a directory, and say so.
    if (errnoOf(error) !== "EINVAL") throw error;
  } finally {
    closeSync(descriptor);
  }
}
