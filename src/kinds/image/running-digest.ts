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
  /** Who waits for it. */
  listener?: ByteProgress;
}

/** Digests that are being computed, by entry. */
const running = perHost((_host: Host) => new Map<string, Running>());

/**
 * Starts to digest a base image that was converted, while it goes to the disk and before it has its name. `recordDigest` takes the result. No-op for one
 * whose digest is known. `sidecar`: its record, which names the fetch that made it.
 */
export function startDigest({ host }: Context, entry: string, path: string, sidecar: ImageSidecar): void {
  if (contentDigest(sidecar) !== undefined) return;
  const sha256 = host.files
    .digest(path, ["sha256"], (done, total) => running(host).get(entry)?.listener?.(done, total))
    .then(
      (digests) => digests.sha256,
      () => undefined,
    );
  running(host).set(entry, { fetchedAt: sidecar.fetchedAt, sha256 });
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
