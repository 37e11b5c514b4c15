import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { createLocalHost } from "../host/local/local.ts";
import type { Context } from "../model/context.ts";
import type { ImageAccess } from "../sources/access.ts";
import type { Source } from "../sources/source.ts";

/**
 * The SHA-256 (as `sha256:<hex>`) and the length of the current content of a source. The content is not kept. It is read where an
 * apply would read it: on this machine for a local file, else on the host. `access` is presented to a web server.
 */
export async function uncachedDigest(
  context: Context,
  source: Source,
  address: string,
  access: ImageAccess | null = null,
): Promise<{ digest: string; bytes: number }> {
  await using undo = new AsyncDisposableStack();
  const path = source.pathHere?.(address);
  const elsewhere = context.host.upload !== undefined;
  const here = elsewhere && path !== undefined && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  const host = here ? createLocalHost() : context.host;
  if (here) undo.defer(() => host.close());
  // Images are large, and /tmp is often kept in memory. The name is random, because other users can write to the directory too.
  const parent = (elsewhere && !here ? undefined : process.env["TMPDIR"]) || "/var/tmp";
  const directory = `${parent}/virtform-image-lock-${randomUUID()}`;
  await host.files.makeDirectory(directory, 0o700);
  undo.defer(() => host.files.removeTree(directory));
  const request = { source: address, to: `${directory}/image`, digests: ["sha256" as const], access };
  const { bytes, digests } = await source.fetch({ ...context, host }, request);
  return { digest: `sha256:${digests.sha256}`, bytes };
}
