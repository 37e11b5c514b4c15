import { open } from "node:fs/promises";
import type { Digests, Files } from "../../model/host.ts";
import { createDigester } from "../digester.ts";
import { chunkMemory, fileChunks } from "../file-chunks.ts";
import { explainedLater } from "../file-error.ts";
import { zeros } from "../zeros.ts";
import { digestStopped } from "./digest.ts";
import { safeRead } from "./read.ts";

/** Digests parts of a file of this machine as one content (`Files.digestParts`). */
export async function digestParts(
  ...[path, parts, algorithms, onProgress, signal]: Parameters<NonNullable<Files["digestParts"]>>
): Promise<Digests> {
  // Awaited below, after the file is open.
  parts.catch(() => undefined);
  await using source = await explainedLater("read", path, () => open(path, safeRead));
  const digester = createDigester(algorithms);
  const memory = chunkMemory();
  let done = 0;
  const take = (chunk: Uint8Array) => {
    if (signal?.aborted === true) throw digestStopped(path);
    digester.update(chunk);
    done += chunk.length;
    onProgress?.(done, undefined);
  };
  for (const { offset, length } of await parts) {
    const end = done + length;
    if (offset !== null) for await (const chunk of fileChunks(source, path, { offset, length }, memory)) take(chunk);
    for (const chunk of zeros(end - done)) take(chunk);
  }
  return digester.digests();
}
