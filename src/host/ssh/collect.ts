import type { Readable } from "node:stream";

/** Reads a stream of text to its end and keeps the last 8 KiB. Returns a function that reads them. */
export function collect(stream: Readable): () => string {
  let text = "";
  stream.on("data", (chunk: Buffer | string) => {
    text = (text + chunk.toString()).slice(-8192);
  });
  return () => text;
}
