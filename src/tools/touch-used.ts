import type { Context } from "../model/context.ts";
import { CodedError } from "../model/errors.ts";
import { problem } from "../model/problem.ts";

/**
 * Sets the time of a base image that is used now, so that its age is that of its last use. Where that is not permitted, as on NFS for a root
 * that is no root there, it is a warning, and the image may seem unused (Nova CACHE-09). Throws for any other failure.
 */
export async function touchUsed({ host, warn }: Pick<Context, "host" | "warn">, path: string): Promise<void> {
  try {
    await host.files.touch(path);
  } catch (error) {
    const refused = error instanceof CodedError && (error.code === "permission-denied" || error.code === "read-only-filesystem");
    if (!refused) throw error;
    warn?.(
      problem(
        "base-image-not-touched",
        {
          summary: `The time of ${path} cannot be set`,
          detail: `It tells \`virtform gc\` when the base image was last used; without it, an image that is used can seem old. Allow this user to write to the file.`,
        },
        "warning",
      ),
    );
  }
}
