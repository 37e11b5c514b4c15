import type { Read } from "./finding.ts";

/** Tables of more bytes are left to qemu-img. */
export const maxTableBytes = 64 * 2 ** 20;
const piece = 2 ** 20;

/** Calls back with pieces of a table in order, each a whole number of entries; stops early when the callback gives something. */
export async function scanTable<T>(
  read: Read,
  offset: number,
  bytes: number,
  look: (part: Buffer) => T | undefined,
): Promise<T | "short" | undefined> {
  for (let done = 0; done < bytes; done += piece) {
    const length = Math.min(piece, bytes - done);
    const part = await read(offset + done, length);
    if (part.length < length) return "short";
    const found = look(part);
    if (found !== undefined) return found;
  }
  return undefined;
}
