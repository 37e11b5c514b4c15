import type { FileHandle } from "node:fs/promises";
import { explainedLater } from "./file-error.ts";

/** Bytes read with one call. */
const chunkBytes = 2 ** 20;

/** The content of a file, in chunks; the next is read while the current one is processed. A chunk is valid until the next is requested. */
export async function* fileChunks(source: FileHandle, path: string): AsyncGenerator<Uint8Array> {
  let [current, spare] = [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)];
  const read = (buffer: Buffer, position: number) => {
    const reading = explainedLater("read", path, () => source.read(buffer, 0, chunkBytes, position));
    // A caller that stops early never awaits it.
    reading.catch(() => undefined);
    return reading;
  };
  let next = read(current, 0);
  for (let position = 0; ; ) {
    const { bytesRead } = await next;
    if (bytesRead === 0) return;
    position += bytesRead;
    next = read(spare, position);
    yield current.subarray(0, bytesRead);
    [current, spare] = [spare, current];
  }
}
