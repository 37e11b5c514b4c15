import type { Context } from "../../model/context.ts";
import { CommandError, userError } from "../../model/errors.ts";
import { formatQuantity } from "../../model/quantity.ts";

/**
 * Takes the space of a file that is to have `size` bytes, without changing its length (Nova CACHE-06). Nova merely warns when the
 * filesystem cannot do it; what was asked for and planned is not skipped here.
 */
export async function reserveSpace(context: Context, path: string, size: number): Promise<void> {
  const args = ["-n", "-l", String(size), path];
  await withSpaceErrors(path, size, () => context.host.run({ program: "fallocate", args, timeoutMs: 10 * 60_000, signal: context.signal }));
}

/** Runs what reserves the whole space of a disk, and turns a failure into an error with a remedy. */
export async function withSpaceErrors<T>(path: string, size: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CommandError) || !/(?:not |un)supported|No space/i.test(error.stderr)) throw error;
    const full = /No space/i.test(error.stderr);
    throw userError(
      full ? "no-space" : "preallocation-unsupported",
      full ? `Not enough space for a disk of ${formatQuantity(size)}` : "The filesystem cannot reserve space for a disk",
      `${path}: write preallocate_images: none into the host section${full ? ", or free space" : ""}.`,
    );
  }
}
