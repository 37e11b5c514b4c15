import type { FileHandle } from "node:fs/promises";
import { explainedLater } from "./file-error.ts";

/** Bytes read with one call. */
const chunkBytes = 2 ** 20;

/** Memory for reading a file, which further ranges of it can be read into. */
export function chunkMemory(): readonly [Buffer, Buffer] {
  return [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)];
}

/**
 * The content of a file, or a range of it, in chunks; the next is read while the current one is processed. A chunk is valid until the next
 * is requested.
 */
export async function* fileChunks(
  source: FileHandle,
  path: string,
  { offset, length }: { readonly offset: number; readonly length: number } = { offset: 0, length: Number.POSITIVE_INFINITY },
  memory = chunkMemory(),
): AsyncGenerator<Uint8Array> {
  const end = offset + length;
  let [current, spare] = memory;
  const read = (buffer: Buffer, position: number) => {
    const reading = explainedLater("read", path, () => source.read(buffer, 0, Math.max(0, Math.min(chunkBytes, end - position)), position));
    // A caller that stops early never awaits it.
    reading.catch(() => undefined);
    return reading;
  };
  let next = read(current, offset);
  for (let position = offset; ; ) {
    const { bytesRead } = await next;
    if (bytesRead === 0) return;
    position += bytesRead;
    next = read(spare, position);
    yield current.subarray(0, bytesRead);
    [current, spare] = [spare, current];
  }
}
