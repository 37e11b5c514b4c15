import { RefusedError } from "../../../model/errors.ts";
import type { FilePart } from "../../../model/host.ts";
import { expansion } from "../../../model/packing.ts";
import { formatQuantity } from "../../../model/quantity.ts";
import type { Read } from "../inspect/finding.ts";
import { damagedArchive } from "./damaged-archive.ts";
import { numberAt } from "./number-at.ts";

/** What a sparse member consists of: pieces of the file with data, in bytes, and the length of the file. */
export interface SparseMap {
  /** Where the data is in the archive, one piece behind the other. */
  readonly dataAt: number;
  readonly pieces: readonly { readonly at: number; readonly length: number }[];
  readonly size: number;
}

const block = 512;
/** Most pieces of all members of an archive: an image of 10 GiB that is fragmented badly has fewer. */
export const maxPieces = 100_000;
/** Bytes of an old map that are read at a time. */
const readAhead = 64 * 1024;
/** Bytes of an entry of an old map, and the number of entries in a header and in each block behind it. */
const entry = 24;
const inHeader = { at: 386, entries: 4, isExtended: 482, size: 483 };
const inBlock = { at: 0, entries: 21, isExtended: 504 };

/** The map of a member of kind `S`, whose header is at `at`, with at most `most` pieces. Throws a RefusedError (`image-archive`). */
export async function oldSparseMap(read: Read, at: number, header: Buffer, most: number): Promise<SparseMap> {
  const pieces = entriesOf(header, inHeader);
  let dataAt = at + block;
  let ahead: Buffer = Buffer.alloc(0);
  for (let more = header.readUInt8(inHeader.isExtended) !== 0; more; dataAt += block) {
    if (ahead.length < block) ahead = await read(dataAt, readAhead);
    const next = ahead.subarray(0, block);
    ahead = ahead.subarray(block);
    if (next.length < block) throw damagedArchive("the map of a sparse member is cut off");
    pieces.push(...entriesOf(next, inBlock));
    more = next.readUInt8(inBlock.isExtended) !== 0;
    if (pieces.length > most) throw tooMany();
  }
  if (pieces.length > most) throw tooMany();
  return { dataAt, pieces, size: numberAt(header, inHeader.size, 12) };
}

function entriesOf(from: Buffer, { at, entries }: { readonly at: number; readonly entries: number }) {
  const starts = Array.from({ length: entries }, (_, index) => at + index * entry);
  return starts
    .filter((start) => from.subarray(start, start + entry).some((byte) => byte !== 0))
    .map((start) => ({ at: numberAt(from, start, 12), length: numberAt(from, start + 12, 12) }));
}

/**
 * The map of a member whose extended header has `GNU.sparse.…` (versions 0.0, 0.1 and 1.0); undefined for one that is not sparse. `offset`, `bytes`:
 * where the member is; `most`: limit of pieces. Throws a RefusedError (`image-archive`).
 */
export async function paxSparseMap(
  read: Read,
  fields: Readonly<Record<string, string>> | undefined,
  offset: number,
  bytes: number,
  most: number,
): Promise<SparseMap | undefined> {
  if (fields === undefined) return undefined;
  const size = numberOf(fields["realsize"] ?? fields["size"]);
  if (fields["map"] !== undefined) return { dataAt: offset, pieces: pairsOf(fields["map"].split(","), most), size };
  if (fields["major"] !== "1") throw damagedArchive("a sparse member has no map");
  // Lines of decimal numbers, the first of which counts the pieces, padded to a block.
  const text = (await read(offset, Math.min(bytes, block + most * 32))).toString("latin1");
  const count = numberOf(/^\d+(?=\n)/.exec(text)?.[0]);
  if (Number.isNaN(count)) throw damagedArchive("the map of a sparse member does not begin with the number of its pieces");
  if (count > most) throw tooMany();
  let end = text.indexOf("\n") + 1;
  const first = end;
  for (let line = 0; line < count * 2; line += 1) {
    end = text.indexOf("\n", end) + 1;
    if (end === 0) throw damagedArchive("the map of a sparse member is cut off");
  }
  return {
    dataAt: offset + Math.ceil(end / block) * block,
    pieces: pairsOf(text.slice(first, Math.max(first, end - 1)).split("\n"), most),
    size,
  };
}

function pairsOf(numbers: readonly string[], most: number): SparseMap["pieces"] {
  const values = numbers.filter((text) => text !== "").map(numberOf);
  if (values.length > 2 * most) throw tooMany();
  return Array.from({ length: Math.ceil(values.length / 2) }, (_, index) => ({
    at: values[index * 2] ?? Number.NaN,
    length: values[index * 2 + 1] ?? Number.NaN,
  }));
}

function numberOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

/**
 * The parts of a sparse file, in order, with the zeros between them. `end`: where its data has to end; `archive`: bytes of the whole archive. Throws a
 * RefusedError for a map that describes no file (`image-archive`), and for a file that is too large for its archive (`image-bomb`).
 */
export function sparseParts({ dataAt, pieces, size }: SparseMap, end: number, archive: number): FilePart[] {
  const parts: FilePart[] = [];
  let at = 0;
  let data = dataAt;
  for (const piece of pieces) {
    const isOrdered = Number.isSafeInteger(piece.at) && Number.isSafeInteger(piece.length) && piece.at >= at && piece.length >= 0;
    if (!isOrdered) throw damagedArchive("the map of a sparse member is damaged");
    if (piece.at > at) parts.push({ offset: null, length: piece.at - at });
    if (piece.length > 0) parts.push({ offset: data, length: piece.length });
    at = piece.at + piece.length;
    data += piece.length;
  }
  if (!Number.isSafeInteger(size) || at > size || data > end) throw damagedArchive("the map of a sparse member is damaged");
  if (size > at) parts.push({ offset: null, length: size - at });
  if (size <= expansion.length + expansion.lengthRatio * archive) return parts;
  throw new RefusedError(
    "image-bomb",
    `The archive holds a sparse file of ${formatQuantity(size)} in ${formatQuantity(archive)}`,
    "Such a file can be made to keep a host busy. If you trust it, unpack it with tar first, and use the unpacked file as the source.",
  );
}

function tooMany(): RefusedError {
  return damagedArchive(`its sparse members have more than ${maxPieces} pieces`);
}
