import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync, realpathSync, type Stats, statSync } from "node:fs";
import { RefusedError, userError } from "../../model/errors.ts";
import type { FileIdentity, FileStat } from "../../model/host.ts";
import { errnoOf, explained, notRegular } from "../file-error.ts";

// Synchronous on purpose: for many small reads it is three to four times as fast as the thread pool.

/** Limit of a whole read: an unbounded read of a growing file would exhaust memory. */
const wholeFileBytes = 64 * 2 ** 20;

/** Does not block on a pipe, and does not follow a link. */
export const safeRead = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The type of a directory entry. */
export function typeOf(entry: Pick<Stats, "isFile" | "isDirectory" | "isSymbolicLink">): FileStat["type"] {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  return entry.isSymbolicLink() ? "symlink" : "other";
}

/** Throws a RefusedError unless it is a regular file: devices and pipes have no content to read. */
export function requireRegular(path: string, stat: Stats): void {
  if (stat.isFile()) return;
  const what = stat.isDirectory() ? "a directory" : stat.isFIFO() ? "a pipe" : stat.isSocket() ? "a socket" : "a device";
  throw notRegular(path, what);
}

/** Content of a regular file, or part of it; undefined when there is none. */
export function readFile(path: string, range?: { readonly offset: number; readonly length: number }): Buffer | undefined {
  return explained("read", path, () => {
    const descriptor = openIfThere(path);
    if (descriptor === undefined) return undefined;
    try {
      const stat = fstatSync(descriptor);
      requireRegular(path, stat);
      if (range !== undefined && stat.size === 0) return readPieces(descriptor, range.offset, Math.min(range.length, wholeFileBytes));
      if (range !== undefined) return readRange(descriptor, range.offset, Math.min(range.length, Math.max(0, stat.size - range.offset)));
      if (stat.size > wholeFileBytes) throw tooLarge(path, stat.size);
      return stat.size === 0 ? readToEnd(descriptor, path) : readRange(descriptor, 0, stat.size);
    } finally {
      closeSync(descriptor);
    }
  });
}

/** The same, with anything but a regular file treated as missing. */
export function readIfRegular(path: string, length?: number): Buffer | undefined {
  try {
    return readFile(path, length === undefined ? undefined : { offset: 0, length });
  } catch (error) {
    if (error instanceof RefusedError && (error.code === "symbolic-link" || error.code === "not-a-regular-file")) return undefined;
    throw error;
  }
}

/** The object at a path, links not followed; undefined if missing. */
export function statFile(path: string): FileStat | undefined {
  const stat = explained("look at", path, () => withoutAbsence(() => lstatSync(path)));
  return stat === undefined ? undefined : fileStatOf(stat);
}

/** The object that a path leads to; undefined when it leads nowhere. Numbers of inodes can be longer than a number of JavaScript. */
export function identifyFile(path: string): FileIdentity | undefined {
  return explained("look at", path, () =>
    withoutAbsence(() => {
      const stat = statSync(path, { bigint: true });
      const id = stat.isBlockDevice() || stat.isCharacterDevice() ? `node:${stat.rdev}` : `${stat.dev}:${stat.ino}`;
      return { id, path: realpathSync.native(path) };
    }),
  );
}

/** Converts a stat of Node. */
export function fileStatOf(stat: Stats): FileStat {
  return {
    type: typeOf(stat),
    size: stat.size,
    allocated: stat.blocks * 512,
    mtimeMs: stat.mtimeMs,
    mode: stat.mode & 0o7777,
    inode: stat.ino,
    links: stat.nlink,
    uid: stat.uid,
    gid: stat.gid,
  };
}

/** Entries of a directory sorted by name; empty when there is none. */
export function listDirectory(path: string): { name: string; type: FileStat["type"] }[] {
  const entries = explained("list", path, () => {
    try {
      return readdirSync(path, { withFileTypes: true });
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return [];
      throw error;
    }
  });
  return entries.map((entry) => ({ name: entry.name, type: typeOf(entry) })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function openIfThere(path: string): number | undefined {
  try {
    return withoutAbsence(() => openSync(path, safeRead));
  } catch (error) {
    // Opening a socket, or a device without a driver.
    if (errnoOf(error) === "ENXIO") throw notRegular(path, "a socket or a device");
    throw error;
  }
}

function withoutAbsence<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") return undefined;
    throw error;
  }
}

function readRange(descriptor: number, offset: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const count = readSync(descriptor, buffer, done, length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return buffer.subarray(0, done);
}

/** For kernel files, which report size 0. */
function readToEnd(descriptor: number, path: string): Buffer {
  const content = readPieces(descriptor, 0, wholeFileBytes + 1);
  if (content.length > wholeFileBytes) throw tooLarge(path, content.length);
  return content;
}

/** At most `length` bytes of a file whose size is not known. */
function readPieces(descriptor: number, offset: number, length: number): Buffer {
  const pieces: Buffer[] = [];
  for (let total = 0; total < length; ) {
    const piece = readRange(descriptor, offset + total, Math.min(65_536, length - total));
    if (piece.length === 0) break;
    total += piece.length;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function tooLarge(path: string, size: number): Error {
  return userError(
    "file-too-large",
    `${path} is too large to be read: ${size} bytes`,
    `At most ${wholeFileBytes} bytes are expected there. Look at what it is, and remove it if it does not belong there.`,
  );
}
