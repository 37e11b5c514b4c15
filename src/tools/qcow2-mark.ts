import { markExtension, readQcow2Header } from "./qcow2-header.ts";

/** The smallest clusters, in bytes, with which a header certainly has room for the mark. */
export const smallestMarked = 4096;

const payload = Buffer.from("virtform", "latin1");
const endOfExtensions = 0;
/** A header extension without its content: type and length. */
const extensionHead = 8;

/**
 * An image with the mark in its header: nothing else changes but the place of the name of its backing file. Undefined for an image that has the mark,
 * and for one without room for it. Pure.
 */
export function markedQcow2(image: Buffer): Buffer | undefined {
  const header = readQcow2Header(image)?.header;
  if (header === undefined || header.version !== 3 || header.marked === true) return undefined;
  const { backingAt, clusterSize } = header;
  if (image.length < clusterSize) return undefined;
  const end = lastExtension(image, backingAt?.offset ?? clusterSize);
  const name = backingAt === undefined ? Buffer.alloc(0) : image.subarray(backingAt.offset, backingAt.offset + backingAt.length);
  const nameAt = end + 2 * extensionHead + payload.length;
  if (nameAt + name.length > clusterSize) return undefined;
  const marked = Buffer.from(image);
  marked.fill(0, end, Math.max(nameAt + name.length, (backingAt?.offset ?? 0) + name.length));
  marked.writeUInt32BE(markExtension, end);
  marked.writeUInt32BE(payload.length, end + 4);
  payload.copy(marked, end + extensionHead);
  name.copy(marked, nameAt);
  if (backingAt !== undefined) marked.writeBigUInt64BE(BigInt(nameAt), 8);
  return marked;
}

/** Where the extensions of a header end. */
function lastExtension(image: Buffer, limit: number): number {
  let at = image.readUInt32BE(100);
  while (at + extensionHead <= limit && image.readUInt32BE(at) !== endOfExtensions) {
    at += extensionHead + Math.ceil(image.readUInt32BE(at + 4) / 8) * 8;
  }
  return at;
}
