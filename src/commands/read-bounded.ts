import { readBytesSync } from "../config/read-text.ts";
import { userError } from "../model/errors.ts";

/** Longest file of settings, authorities, certificates or keys that is read, in bytes. */
const maxBytes = 2 ** 20;

/** A small file; undefined when it does not exist or may not be read. Throws a UserError for one that is longer than 1 MiB, and for anything but a file. */
export function readBounded(path: string): Buffer | undefined {
  const read = readBytesSync(path, maxBytes, path);
  if (!("problem" in read)) return read.bytes;
  const { code, summary, detail } = read.problem;
  if (code === "file-not-found" || code === "file-not-readable") return undefined;
  throw userError(code, summary, detail);
}
