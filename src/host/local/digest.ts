import { open } from "node:fs/promises";
import type { Digests, Files } from "../../model/host.ts";
import { interrupted } from "../../model/interrupted.ts";
import { createDigester } from "../digester.ts";
import { fileChunks } from "../file-chunks.ts";
import { explainedLater } from "../file-error.ts";
import { requireRegular, safeRead } from "./read.ts";

/** Digests of a regular file's content. */
export async function digestFile(...[path, algorithms, onProgress, signal]: Parameters<Files["digest"]>): Promise<Digests> {
  await using source = await explainedLater("read", path, () => open(path, safeRead));
  const stat = await source.stat();
  requireRegular(path, stat);
  const digester = createDigester(algorithms);
  let done = 0;
  for await (const chunk of fileChunks(source, path)) {
    if (signal?.aborted === true) throw digestStopped(path);
    digester.update(chunk);
    done += chunk.length;
    onProgress?.(done, Math.max(stat.size, done));
  }
  return digester.digests();
}

/** Computing the digests of a file was cancelled. */
export function digestStopped(path: string): Error {
  return interrupted(`Reading ${path}`);
}
