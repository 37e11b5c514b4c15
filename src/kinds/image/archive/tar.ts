import { RefusedError } from "../../../model/errors.ts";
import type { Read } from "../inspect/finding.ts";

/** A regular file in a tar archive. Sizes and offsets are bytes; the name is text for people and is never used as a path. */
export interface TarMember {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

const block = 512;
/** Most entries of an archive. */
const maxEntries = 1024;
/** Longest extended header in bytes: it holds the name and the size of a member. */
const maxExtension = 64 * 1024;

/**
 * The regular files of a tar archive (ustar, pax, GNU), in their order. Directories and links are passed over, sparse members are
 * refused. Reads headers only. Throws a RefusedError (`image-archive`) for what is no whole archive.
 */
export async function readTar(read: Read, size: number): Promise<TarMember[]> {
  const members: TarMember[] = [];
  let name: string | undefined;
  let length: number | undefined;
  for (let at = 0, entries = 0; ; entries += 1) {
    if (entries > maxEntries) throw damaged(`it has more than ${maxEntries} entries`);
    const header = await read(at, block);
    if (header.length < block) throw damaged("it ends without its end mark");
    if (header.every((byte) => byte === 0)) {
      if (at === 0) throw damaged("it is empty");
      return members;
    }
    if (!hasValidChecksum(header)) throw damaged(at === 0 ? "it does not begin with a tar header" : `the header at byte ${at} is damaged`);
    const kind = String.fromCharCode(header.readUInt8(156));
    const stated = numberAt(header, 124, 12);
    const bytes = isRegular(kind) && length !== undefined ? length : stated;
    const offset = at + block;
    if (!Number.isSafeInteger(bytes) || bytes < 0 || offset + bytes > size) throw damaged("a member reaches beyond its end; it is cut off");
    if (kind === "x" || kind === "L" || kind === "K" || kind === "g") {
      if (bytes > maxExtension) throw damaged("an extended header is too long");
      const extension = await read(offset, bytes);
      if (kind === "L") name = textOf(extension);
      if (kind === "x") {
        const pax = readPax(extension);
        name = pax.name ?? name;
        length = pax.length ?? length;
      }
    } else {
      if (kind === "S") throw sparse();
      if (isRegular(kind)) members.push({ name: (name ?? ownName(header)).slice(0, 255), offset, size: bytes });
      [name, length] = [undefined, undefined];
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

/** Octal text, or binary where the first bit is set. */
function numberAt(header: Buffer, start: number, length: number): number {
  const field = header.subarray(start, start + length);
  if ((field.readUInt8(0) & 0x80) !== 0) {
    const value = BigInt(`0x${field.toString("hex")}`) & ((1n << BigInt(length * 8 - 1)) - 1n);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Number.NaN;
  }
  const text = textOf(field).trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text === "" ? "0" : text, 8) : Number.NaN;
}

function ownName(header: Buffer): string {
  const prefix = header.toString("latin1", 257, 262) === "ustar" ? textOf(header.subarray(345, 500)) : "";
  const name = textOf(header.subarray(0, 100));
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Records `LENGTH key=value`. */
function readPax(data: Buffer): { name?: string; length?: number } {
  const found: { name?: string; length?: number } = {};
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at);
    const length = space === -1 ? Number.NaN : Number(data.toString("latin1", at, space));
    if (!Number.isSafeInteger(length) || length <= space - at + 1 || at + length > data.length) break;
    const [, key = "", value = ""] = /^([^=]*)=([\s\S]*)\n$/.exec(data.toString("utf8", space + 1, at + length)) ?? [];
    if (key === "path") found.name = value;
    if (key === "size" && /^\d{1,15}$/.test(value)) found.length = Number(value);
    if (key.startsWith("GNU.sparse")) throw sparse();
    at += length;
  }
  return found;
}

function textOf(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? field.length : end);
}

function damaged(what: string): RefusedError {
  return new RefusedError(
    "image-archive",
    `The archive cannot be used: ${what}. Check the download at its publisher, and unpack of the image.`,
  );
}

function sparse(): RefusedError {
  return new RefusedError(
    "image-archive",
    "The archive holds its disk as a sparse member of GNU tar, which is not read here. Unpack it with tar, and use the file inside as the source.",
  );
}
