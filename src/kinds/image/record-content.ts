import type { Context } from "../../model/context.ts";
import { readBase } from "./base-files.ts";
import { withBaseLock } from "./base-lock.ts";
import type { ImageState } from "./spec.ts";
import { writeSidecar } from "./write-sidecar.ts";

/**
 * Records the SHA-256 of a base image in its sidecar, under the lock of its entry. `sidecar`: as it was before the digest was computed. False, and
 * nothing is written, when the base image was removed or made again meanwhile: the digest is that of another file.
 */
export async function recordContent(
  context: Context,
  { entry, sidecar }: Pick<ImageState, "entry" | "sidecar">,
  sha256: string,
): Promise<boolean> {
  return withBaseLock(context, entry, "record of a digest", async (held) => {
    const now = await readBase(held, entry);
    if (now === undefined || "foreign" in now || now.base.sidecar.fetchedAt !== sidecar.fetchedAt) return false;
    await writeSidecar(held, entry, { ...now.base.sidecar, content: sha256 });
    return true;
  });
}
