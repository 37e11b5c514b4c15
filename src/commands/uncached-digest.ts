import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { createLocalHost } from "../host/local/local.ts";
import type { Context } from "../model/context.ts";
import type { Source, SourceRequest } from "../sources/source.ts";

/** Whether the content of a source is the same for every host: that of a web server, or a file of this machine. A file that is only on the hosts may differ. */
export function isSameForAllHosts(source: Source, address: string): boolean {
  const path = source.pathHere?.(address);
  return path === undefined ? /^https?:/i.test(address) : isFileHere(path);
}

function isFileHere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/**
 * The SHA-256 (as `sha256:<hex>`) and the length of the current content of a source. The content is not kept. It is read where an
 * apply would read it: on this machine for a local file, else on the host. `access` is presented to the source, as by an apply.
 */
export async function uncachedDigest(
  context: Context,
  source: Source,
  { source: address, access }: Pick<SourceRequest, "source" | "access">,
): Promise<{ digest: string; bytes: number }> {
  await using undo = new AsyncDisposableStack();
  const path = source.pathHere?.(address);
  const elsewhere = context.host.upload !== undefined;
  const here = elsewhere && path !== undefined && isFileHere(path);
  const host = here ? createLocalHost() : context.host;
  if (here) undo.defer(() => host.close());
  // Images are large, and /tmp is often kept in memory. The name is random, because other users can write to the directory too.
  const parent = (elsewhere && !here ? undefined : process.env["TMPDIR"]) || "/var/tmp";
  const directory = `${parent}/virtform-image-lock-${randomUUID()}`;
  await host.files.makeDirectory(directory, 0o700);
  undo.defer(() => host.files.removeTree(directory));
  // An endless answer must not fill the file system.
  const maxBytes = Math.floor((await host.files.space(directory)).free * 0.95);
  const request = { source: address, access: access ?? null, to: `${directory}/image`, digests: ["sha256" as const], maxBytes };
  const { bytes, digests } = await source.fetch({ ...context, host }, request);
  return { digest: `sha256:${digests.sha256}`, bytes };
}
