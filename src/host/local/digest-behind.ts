import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import type { Digests, Files } from "../../model/host.ts";
import { createDigester } from "../digester.ts";
import { fileChunks } from "../file-chunks.ts";
import { errnoOf, explainedLater } from "../file-error.ts";
import { digestStopped } from "./digest.ts";
import { syncFile } from "./durable.ts";
import { safeRead } from "./read.ts";

const mebibyte = 2 ** 20;
/** How often the file is looked at. */
const pollMs = 10;
/** Data at one place proves that everything more than this many bytes before it is final: qemu-img writes in order, at most 16 MiB at a time. */
const mostAtOnce = 32 * mebibyte;
/** Distance of the places where data is looked for next. */
const step = 8 * mebibyte;
/** Data that is put on the disk together. */
const syncBytes = 64 * mebibyte;
const block = 4096;
const zeros = Buffer.alloc(block);

/**
 * Digests a new file while a program writes it in order through the page cache, and puts it on the disk meanwhile (`Files.digestBehind`). The
 * progress of the program is seen from the data in the file: its length is set at the start, and holes are not written.
 */
export async function digestBehind(
  ...[path, algorithms, writer, onProgress, signal]: Parameters<NonNullable<Files["digestBehind"]>>
): ReturnType<NonNullable<Files["digestBehind"]>> {
  const over = new AbortController();
  let failed = false;
  const ended = writer.then(
    () => over.abort(),
    () => {
      failed = true;
      over.abort();
    },
  );
  const stopped = () => failed || signal?.aborted === true;
  const opened = openWritten(path, over.signal);
  const syncing = createSyncing(path);
  const synced = ended.then(() => (failed ? syncing.end() : syncRest()));
  return { digests: follow(), synced };

  async function syncRest(): Promise<void> {
    const file = await opened;
    await syncing.end();
    syncing.upTo(file, Number.POSITIVE_INFINITY);
    await syncing.end();
  }

  async function follow(): Promise<Digests> {
    await using file = await opened;
    // Ends before the file is closed.
    await using _synced = { [Symbol.asyncDispose]: () => synced.catch(() => undefined) };
    const digester = createDigester(algorithms);
    const frontier = createFrontier(file, path);
    for (let done = 0; ; ) {
      const last = over.signal.aborted;
      const end = last ? Number.POSITIVE_INFINITY : await frontier.certain();
      if (!last) syncing.upTo(file, end);
      for await (const chunk of fileChunks(file, path, { offset: done, length: Math.max(0, end - done) })) {
        if (stopped()) throw digestStopped(path);
        digester.update(chunk);
        done += chunk.length;
        onProgress?.(done, undefined);
      }
      if (stopped()) throw digestStopped(path);
      if (last) return digester.digests();
      await pause(pollMs, undefined, { signal: over.signal }).catch(() => undefined);
    }
  }
}

/** Opens a file as soon as its writer has made it. */
async function openWritten(path: string, over: AbortSignal): Promise<FileHandle> {
  for (;;) {
    const last = over.aborted;
    try {
      return await explainedLater("read", path, () => open(path, safeRead));
    } catch (error) {
      if (last || errnoOf((error as Error).cause) !== "ENOENT") throw error;
    }
    await pause(pollMs, undefined, { signal: over }).catch(() => undefined);
  }
}

/** Finds how much of a file that is written in order does not change any more. */
function createFrontier(file: FileHandle, path: string) {
  /** No later place is known to have data. */
  let seen = 0;
  const buffer = Buffer.alloc(block);
  async function hasData(at: number): Promise<boolean> {
    const { bytesRead } = await explainedLater("read", path, () => file.read(buffer, 0, block, at));
    return bytesRead > 0 && !zeros.subarray(0, bytesRead).equals(buffer.subarray(0, bytesRead));
  }
  return {
    async certain(): Promise<number> {
      const { size } = await file.stat();
      const before = seen;
      while (seen + step < size && (await hasData(seen + step))) seen += step;
      // Behind a hole.
      for (let distance = 2 * step; seen === before && before + distance < size; distance *= 2)
        if (await hasData(before + distance)) seen = before + distance;
      return Math.max(0, seen - mostAtOnce);
    },
  };
}

/** Syncs a file now and then while it is written, so that little is left for the end. */
function createSyncing(path: string) {
  let synced = 0;
  let running: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  return {
    upTo(file: FileHandle, bytes: number): void {
      if (running !== undefined || failure !== undefined || bytes < synced + syncBytes) return;
      synced = bytes;
      running = explainedLater("write", path, () => syncFile(file.fd))
        .catch((error: unknown) => {
          failure = { error };
        })
        .finally(() => {
          running = undefined;
        });
    },
    /** Waits for a sync that runs. Throws the error of the first that failed: the kernel reports it once. */
    async end(): Promise<void> {
      await running;
      if (failure !== undefined) throw failure.error;
    },
  };
}
