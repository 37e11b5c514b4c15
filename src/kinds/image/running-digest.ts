import type { Context } from "../../model/context.ts";
import type { ByteProgress, Host } from "../../model/host.ts";
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

/**
 * Starts to digest a base image that was converted, while it goes to the disk and before it has its name. `recordDigest` takes the result. No-op for one
 * whose digest is known. `sidecar`: its record, which names the fetch that made it.
 */
export function startDigest({ host, signal }: Context, entry: string, path: string, sidecar: ImageSidecar): void {
  if (contentDigest(sidecar) !== undefined) return;
  const stop = new AbortController();
  const onProgress: ByteProgress = (done, total) => running(host).get(entry)?.listener?.(done, total);
  const sha256 = host.files.digest(path, ["sha256"], onProgress, AbortSignal.any([stop.signal, signal])).then(
    (digests) => digests.sha256,
    () => undefined,
  );
  running(host).set(entry, { fetchedAt: sidecar.fetchedAt, sha256, stop });
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
