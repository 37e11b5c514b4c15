import { mkdtemp, rm } from "node:fs/promises";
import type { Context } from "../model/context.ts";
import type { Source } from "../sources/source.ts";

/** The SHA-256 (as `sha256:<hex>`) and the length of what a source gives now. The bytes are not kept. */
export async function uncachedDigest(context: Context, source: Source, address: string): Promise<{ digest: string; bytes: number }> {
  await using undo = new AsyncDisposableStack();
  // Images are large, and /tmp is often kept in memory. A directory of our own: others may write there as well.
  const directory = await mkdtemp(`${process.env["TMPDIR"] || "/var/tmp"}/virtform-image-lock-`);
  undo.defer(() => rm(directory, { recursive: true, force: true }));
  const { bytes, digests } = await source.fetch(context, { source: address, to: `${directory}/image`, digests: ["sha256"] });
  return { digest: `sha256:${digests.sha256}`, bytes };
}
