import type { FilePart, Host } from "../../model/host.ts";
import { mapImage } from "../qemu-img.ts";
import type { MappedRange } from "../qemu-img-output.ts";

/** A disk is mapped in pieces of this length: each range takes a line, and a fragmented image has one for each cluster. */
const pieceBytes = 2 ** 30;
/** With more parts, reading the result of a conversion is as fast. */
const mostParts = 2 ** 17;

/**
 * Where the bytes of a disk lie in the file of its image, in their order, as QEMU knows it: what a conversion to raw reads there is what it writes. Throws an Error
 * where some of them are in another form, as compressed ones are, or where there are too many parts.
 */
export async function diskParts(
  host: Host,
  { path, format, bytes }: { readonly path: string; readonly format: string; readonly bytes: number },
  signal?: AbortSignal,
): Promise<readonly FilePart[]> {
  const parts: FilePart[] = [];
  for (let start = 0; start < bytes; start += pieceBytes) {
    const length = Math.min(pieceBytes, bytes - start);
    addRanges(parts, await mapImage(host, { path, format, start, length }, signal), { start, length });
    if (parts.length > mostParts) throw new Error(`${path} lies in more than ${mostParts} parts`);
  }
  return parts;
}

/** Adds what is known of one piece of a disk; parts that follow each other in the file become one. Throws an Error as `diskParts` does. */
export function addRanges(
  parts: FilePart[],
  ranges: readonly MappedRange[],
  piece: { readonly start: number; readonly length: number },
): void {
  let at = piece.start;
  for (const { start, length, isZero, offset } of ranges) {
    if (start !== at) throw new Error(`the map of the disk has nothing for byte ${at}`);
    if (!isZero && offset === undefined) throw new Error(`byte ${at} of the disk does not lie in the file as it is`);
    at += length;
    addPart(parts, { offset: isZero ? null : (offset ?? null), length });
  }
  if (at !== piece.start + piece.length) throw new Error(`the map of the disk ends at byte ${at}`);
}

function addPart(parts: FilePart[], { offset, length }: FilePart): void {
  const last = parts.at(-1);
  const follows =
    last !== undefined && (offset === null ? last.offset === null : last.offset !== null && last.offset + last.length === offset);
  if (follows) parts[parts.length - 1] = { offset: last.offset, length: last.length + length };
  else parts.push({ offset, length });
}
