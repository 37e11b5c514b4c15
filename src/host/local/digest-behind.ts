import { open } from "node:fs/promises";
import type { Digests, Files } from "../../model/host.ts";
import { createDigester } from "../digester.ts";
import { chunkMemory, diskBlock, fileChunks } from "../file-chunks.ts";
import { explainedLater } from "../file-error.ts";
import { digestStopped } from "./digest.ts";
import { syncFile } from "./durable.ts";
import { alignedMemory, openPastCache } from "./past-cache.ts";
import { safeRead } from "./read.ts";

/** Data that is put on the disk together. */
const syncBytes = 64 * 2 ** 20;

/**
 * Digests a file behind the programs that write it, and puts it on the disk meanwhile (`Files.digestBehind`). It is read past the page cache where they
 * write past it: what they wrote through it is there.
 */
export function digestBehind(
  ...[path, algorithms, growth, onProgress, signal]: Parameters<NonNullable<Files["digestBehind"]>>
): ReturnType<NonNullable<Files["digestBehind"]>> {
  return { digests: follow(), synced: sync() };

  async function follow(): Promise<Digests> {
    if ((await growth.beyond(0)) === undefined) throw digestStopped(path);
    await using file = await explainedLater("read", path, () => (growth.isPastCache ? openPastCache(path) : open(path, safeRead)));
    const digester = createDigester(algorithms);
    const memory = chunkMemory(growth.isPastCache ? alignedMemory : undefined);
    for (let done = 0; ; ) {
      const grown = await growth.beyond(done + diskBlock - 1);
      const end = grown?.isWhole === true ? (await file.stat()).size : Math.floor((grown?.bytes ?? 0) / diskBlock) * diskBlock;
      for await (const chunk of fileChunks(file, path, { offset: done, length: end - done }, memory)) {
        if (signal?.aborted === true) break;
        digester.update(chunk);
        done += chunk.length;
        onProgress?.(done, undefined);
      }
      if (grown === undefined || signal?.aborted === true) throw digestStopped(path);
      if (grown.isWhole) return digester.digests();
    }
  }

  /** Syncs now and then, so that little is left for the end. */
  async function sync(): Promise<void> {
    if ((await growth.beyond(0)) === undefined) return;
    await using file = await explainedLater("read", path, () => open(path, safeRead));
    for (let synced = 0; ; ) {
      const grown = await growth.beyond(synced + syncBytes);
      if (grown === undefined) return;
      await explainedLater("write", path, () => syncFile(file.fd));
      if (grown.isWhole) return;
      synced = grown.bytes;
    }
  }
}
