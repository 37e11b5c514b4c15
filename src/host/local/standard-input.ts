import { randomBytes } from "node:crypto";
import { closeSync, existsSync, openSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";

/**
 * Bytes as a file without a name, for a program's standard input: a pipe made by Node is a socket, which cannot be opened
 * again under the name /dev/stdin. In memory where there is such a place; the name is gone before the first byte is written, so
 * whenever we are killed, nothing of it stays. The caller closes it.
 */
export function openStandardInput(content: string | Uint8Array): number {
  const place = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const path = `${place}/virtform-${randomBytes(12).toString("hex")}`;
  const writer = openSync(path, "wx", 0o600);
  try {
    const reader = openWithoutName(path);
    const bytes = Buffer.from(content);
    for (let at = 0; at < bytes.length; ) at += writeSync(writer, bytes, at);
    return reader;
  } finally {
    closeSync(writer);
  }
}

function openWithoutName(path: string): number {
  try {
    return openSync(path, "r");
  } finally {
    unlinkSync(path);
  }
}
