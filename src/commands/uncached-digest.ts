import type { Context } from "../model/context.ts";
import type { Source } from "../sources/source.ts";

/** The SHA-256 (as `sha256:<hex>`) and the length of what a source gives now. The bytes are not kept. */
export async function uncachedDigest(context: Context, source: Source, address: string): Promise<{ digest: string; bytes: number }> {
  const { files } = context.host;
  // Images are large, and /tmp is often kept in memory.
  const staged = `${process.env["TMPDIR"] ?? "/var/tmp"}/virtform-image-lock-${process.pid}`;
  await using undo = new AsyncDisposableStack();
  undo.defer(() => files.remove(staged));
  const { bytes, digests } = await source.fetch(context, { source: address, to: staged, digests: ["sha256"] });
  return { digest: `sha256:${digests.sha256}`, bytes };
}
