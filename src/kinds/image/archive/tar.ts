import type { FilePart } from "../../../model/host.ts";
import type { Read } from "../inspect/finding.ts";
import { damagedArchive } from "./damaged-archive.ts";
import { numberAt } from "./number-at.ts";
import { maxPieces, oldSparseMap, paxSparseMap, sparseParts } from "./sparse-map.ts";
import { textOf } from "./text-of.ts";

/** A regular file in a tar archive. Sizes are bytes; the name is text for people, without `./` before it, and is never used as a path. */
export interface TarMember {
  readonly name: string;
  readonly size: number;
  /** Where its bytes are in the archive: one part, or those of a sparse file with the zeros between them. */
  readonly parts: readonly FilePart[];
}

const block = 512;
/** Most entries of an archive. */
const maxEntries = 1024;
/** Longest extended header in bytes: it holds the name and the size of a member. */
const maxExtension = 64 * 1024;

/**
 * The regular files of a tar archive (ustar, pax, GNU), in their order; sparse ones in each form that GNU tar writes. Directories and links are
 * passed over. Reads headers and maps of sparse files only. Throws a RefusedError (`image-archive`) for what is no whole archive.
 */
export async function readTar(read: Read, size: number): Promise<TarMember[]> {
  const members: TarMember[] = [];
  let pax: PaxFields = {};
  /** Pieces of sparse members that may follow. */
  let left = maxPieces;
  for (let at = 0, entries = 0; ; entries += 1) {
    if (entries > maxEntries) throw damagedArchive(`it has more than ${maxEntries} entries`);
    const header = await read(at, block);
    if (header.length < block) throw damagedArchive("it ends without its end mark");
    if (header.every((byte) => byte === 0)) {
      if (at === 0) throw damagedArchive("it is empty");
      return members;
    }
    if (!hasValidChecksum(header))
      throw damagedArchive(at === 0 ? "it does not begin with a tar header" : `the header at byte ${at} is damaged`);
    const kind = String.fromCharCode(header.readUInt8(156));
    const stated = numberAt(header, 124, 12);
    const bytes = (isRegular(kind) || kind === "S") && pax.length !== undefined ? pax.length : stated;
    // The map of an old sparse member continues behind its header.
    const old = kind === "S" ? await oldSparseMap(read, at, header, left) : undefined;
    const offset = old?.dataAt ?? at + block;
    if (!Number.isSafeInteger(bytes) || bytes < 0 || offset + bytes > size)
      throw damagedArchive("a member reaches beyond its end; it is cut off");
    if (kind === "x" || kind === "L" || kind === "K" || kind === "g") {
      if (bytes > maxExtension) throw damagedArchive("an extended header is too long");
      const extension = await read(offset, bytes);
      if (kind === "L") pax = { ...pax, name: textOf(extension) };
      if (kind === "x") pax = { ...pax, ...readPax(extension) };
    } else {
      if (old !== undefined || isRegular(kind)) {
        const name = (pax.name ?? ownName(header)).replace(/^(?:\.\/+)+/, "").slice(0, 255);
        const map = old ?? (await paxSparseMap(read, pax.sparse, offset, bytes, left));
        left -= map?.pieces.length ?? 0;
        const parts = map === undefined ? [{ offset, length: bytes }] : sparseParts(map, offset + bytes, size);
        members.push({ name, size: parts.reduce((sum, { length }) => sum + length, 0), parts });
      }
      pax = {};
    }
    at = offset + Math.ceil(bytes / block) * block;
  }
}

/** Whether the first block of a file is the header of a tar archive. Pure. */
export function isTarHeader(header: Buffer): boolean {
  return header.length === block && header.some((byte) => byte !== 0) && hasValidChecksum(header);
}

function isRegular(kind: string): boolean {
  return kind === "0" || kind === "\0" || kind === "7";
}

/** The header's checksum counts its own field as spaces. */
function hasValidChecksum(header: Buffer): boolean {
  const stated = numberAt(header, 148, 8);
  let sum = 8 * 32;
  for (const [index, byte] of header.entries()) if (index < 148 || index >= 156) sum += byte;
  return sum === stated;
}

function ownName(header: Buffer): string {
  const prefix = header.toString("latin1", 257, 262) === "ustar" ? textOf(header.subarray(345, 500)) : "";
  const name = textOf(header.subarray(0, 100));
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** What extended headers say about the member behind them. */
interface PaxFields {
  readonly name?: string;
  readonly length?: number;
  /** Values of `GNU.sparse.…` by the end of their keys. */
  readonly sparse?: Readonly<Record<string, string>>;
}

/** Records `LENGTH key=value`. */
function readPax(data: Buffer): PaxFields {
  const found: { name?: string; length?: number; sparse?: Record<string, string> } = {};
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at);
    const length = space === -1 ? Number.NaN : Number(data.toString("latin1", at, space));
    if (!Number.isSafeInteger(length) || length <= space - at + 1 || at + length > data.length) break;
    const [, key = "", value = ""] = /^([^=]*)=([\s\S]*)\n$/.exec(data.toString("utf8", space + 1, at + length)) ?? [];
    if (key === "path") found.name = value;
    if (key === "size" && /^\d{1,15}$/.test(value)) found.length = Number(value);
    const [, sparse] = /^GNU\.sparse\.(\w+)$/.exec(key) ?? [];
    if (sparse !== undefined) {
      found.sparse ??= {};
      // Version 0.0 repeats two keys, once for each part: they become the one list that version 0.1 has.
      const isListed = sparse === "offset" || sparse === "numbytes";
      const listed = isListed ? [found.sparse["map"] ?? [], value].flat().join(",") : value;
      found.sparse[isListed ? "map" : sparse] = listed;
    }
    at += length;
  }
  const own = found.sparse?.["name"];
  return own === undefined ? found : { ...found, name: own };
}
