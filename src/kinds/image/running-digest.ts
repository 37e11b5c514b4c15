import type { Context } from "../../model/context.ts";
import type { Growing } from "../../model/growth.ts";
import type { ByteProgress, FilePart, Host } from "../../model/host.ts";
import { perHost } from "../../model/per-host.ts";
import { contentDigest } from "./content-digest.ts";
import type { ImageSidecar } from "./spec.ts";

interface Running {
  /** Of the fetch that made the base image. */
  readonly fetchedAt: string;
  /** Undefined where the file could not be read. */
  readonly sha256: Promise<string | undefined>;
  readonly stop: AbortController;
  /** Who waits for it. */
  listener?: ByteProgress;
}

/** Digests that are being computed, by entry. */
const running = perHost((_host: Host) => new Map<string, Running>());

/** A file that is being made, and where its bytes come from. */
interface Made {
  readonly growing: Growing;
  /** The file that it is made of, and the parts of that which are its content. */
  readonly source?: { readonly path: string; readonly parts: Promise<readonly FilePart[]> };
}

/**
 * Starts to digest a base image that is made by conversion, before it has its name. `recordDigest` takes the result. No-op for one
 * whose digest is known. `sidecar`: its record, which names the fetch that made it. `made`: how, where it is still written. Do not
 * publish it before the returned promise has settled: it rejects when the disk refused the data.
 */
export async function startDigest(
  { host, signal }: Context,
  entry: string,
  path: string,
  sidecar: ImageSidecar,
  { growing, source }: Partial<Made> = {},
): Promise<void> {
  if (contentDigest(sidecar) !== undefined) return;
  const stop = new AbortController();
  const onProgress: ByteProgress = (done, total) => running(host).get(entry)?.listener?.(done, total);
  const either = AbortSignal.any([stop.signal, signal]);
  const { files } = host;
  const follow = () => (growing === undefined ? undefined : files.digestBehind?.(path, ["sha256"], growing.growth, onProgress, either));
  const read = async () => {
    await growing?.written;
    return files.digest(path, ["sha256"], onProgress, either);
  };
  const ofSource = source === undefined ? undefined : files.digestParts?.(source.path, source.parts, ["sha256"], onProgress, either);
  // A disk whose bytes do not lie in its source as they are is read where it is written.
  ofSource?.catch(() => undefined);
  const behind = ofSource === undefined ? Promise.resolve(follow()) : source?.parts.then(() => undefined, follow);
  const digests = Promise.resolve(behind).then((following) => following?.digests ?? ofSource ?? read());
  const sha256 = digests.then(
    (found) => found.sha256,
    () => undefined,
  );
  running(host).set(entry, { fetchedAt: sidecar.fetchedAt, sha256, stop });
  await (await behind)?.synced;
}

/** Stops the digest of a base image that is not published. */
export function stopDigest({ host }: Pick<Context, "host">, entry: string): void {
  running(host).get(entry)?.stop.abort();
  running(host).delete(entry);
}

/** The SHA-256 of a base image whose digest was started when it was made; undefined where none was, or where it failed. Once for each. */
export async function startedDigest(
  { host }: Context,
  entry: string,
  { fetchedAt }: Pick<ImageSidecar, "fetchedAt">,
  listener: ByteProgress,
): Promise<string | undefined> {
  const found = running(host).get(entry);
  if (found === undefined) return undefined;
  found.listener = listener;
  const sha256 = await found.sha256;
  running(host).delete(entry);
  return found.fetchedAt === fetchedAt ? sha256 : undefined;
}

/** Stops the digests that no action took, as at the end of an apply that was interrupted: reading a large base image would keep the process alive. */
export async function stopDigests({ host }: Pick<Context, "host">): Promise<void> {
  const left = [...running(host).values()];
  running(host).clear();
  for (const { stop } of left) stop.abort();
  await Promise.all(left.map(({ sha256 }) => sha256));
}
