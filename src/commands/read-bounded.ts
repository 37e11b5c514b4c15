import { readBytesSync } from "../config/read-text.ts";

/** Longest file of settings, authorities, certificates or keys that is read, in bytes. */
const maxBytes = 2 ** 20;

/** A small file, or why it cannot be used: one that is longer than 1 MiB, or anything but a file, is not read. */
export function readBounded(path: string): ReturnType<typeof readBytesSync> {
  return readBytesSync(path, maxBytes, path);
}
