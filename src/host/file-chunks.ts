import type { FileHandle } from "node:fs/promises";
import { explainedLater } from "./file-error.ts";

/** Bytes read with one call. */
const chunkBytes = 2 ** 20;

/** Of a disk, in bytes: what is read past the page cache begins at a multiple of it and is asked for in whole ones. */
export const diskBlock = 4096;

/** Memory for reading a file, which further ranges of it can be read into. */
export function chunkMemory(allocate: (bytes: number) => Buffer = Buffer.allocUnsafe): readonly [Buffer, Buffer] {
  return [allocate(chunkBytes), allocate(chunkBytes)];
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
    const wanted = Math.ceil(Math.max(0, Math.min(chunkBytes, end - position)) / diskBlock) * diskBlock;
    const reading = explainedLater("read", path, () => source.read(buffer, 0, wanted, position));
    // A caller that stops early never awaits it.
    reading.catch(() => undefined);
    return reading;
  };
  let next = read(current, offset);
  for (let position = offset; ; ) {
    const { bytesRead } = await next;
    const bytes = Math.min(bytesRead, end - position);
    if (bytes <= 0) return;
    position += bytes;
    next = read(spare, position);
    yield current.subarray(0, bytes);
    [current, spare] = [spare, current];
  }
}
