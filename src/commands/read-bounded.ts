import { closeSync, openSync, readSync } from "node:fs";

/** Longest file of settings, authorities, certificates or keys that is read, in bytes. */
const maxBytes = 2 ** 20;

/** A small file; undefined when it cannot be read or is longer than 1 MiB. */
export function readBounded(path: string): Buffer | undefined {
  try {
    const file = openSync(path, "r");
    try {
      const buffer = Buffer.alloc(maxBytes + 1);
      let bytes = 0;
      for (;;) {
        const read = readSync(file, buffer, bytes, buffer.length - bytes, null);
        bytes += read;
        if (bytes > maxBytes) return undefined;
        if (read === 0) return buffer.subarray(0, bytes);
      }
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}
