import { closeSync, constants, fchmodSync, fstatSync, linkSync, lstatSync, openSync, readSync, renameSync, writeSync } from "node:fs";
import { userError } from "../../model/errors.ts";
import type { FileStat } from "../../model/host.ts";
import { errnoOf, explainedLater } from "../file-error.ts";
import { removeAbandoned, temporaryName } from "../temporary-name.ts";
import { removeFile } from "./change.ts";
import { discard } from "./discard.ts";
import { type NamesChanged, syncFile, syncNames } from "./durable.ts";
import { fileStatOf, requireRegular, safeRead } from "./read.ts";

/**
 * Replaces a file as a whole: readers, and a power cut, see the old content or the new. Also
 * removes temporary files of killed writers.
 */
export async function writeAtomic(
  path: string,
  data: string | Uint8Array,
  mode = 0o644,
  names: NamesChanged = syncNames,
): Promise<FileStat> {
  return explainedLater("write", path, async () => {
    removeAbandoned(path);
    const staged = temporaryName(path);
    let made: FileStat;
    try {
      made = await writeNew(staged, bytesOf(data), mode, true);
      renameSync(staged, path);
    } catch (error) {
      discard(staged);
      throw error;
    }
    await names(path);
    return made;
  });
}

/** Writes a file in place of what has its name, for which half a file after a kill or a power cut does no harm. */
export async function writeStaged(path: string, data: string | Uint8Array, mode = 0o644): Promise<FileStat> {
  return explainedLater("write", path, () => {
    removeFile(path);
    return writeNew(path, bytesOf(data), mode, false);
  });
}

function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? Buffer.from(data) : data;
}

/** Makes an empty file with this mode; no-op when one exists. */
export async function makeFile(path: string, mode: number, names: NamesChanged = syncNames): Promise<void> {
  await explainedLater("make", path, async () => {
    let descriptor: number;
    try {
      descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, mode);
    } catch (error) {
      if (errnoOf(error) === "EEXIST") return;
      throw error;
    }
    try {
      fchmodSync(descriptor, mode);
    } finally {
      closeSync(descriptor);
    }
    await names(path);
  });
}

/** Gives a finished file (or directory) its final name. */
export async function publish(staged: string, final: string, mode: number, names: NamesChanged = syncNames): Promise<void> {
  await explainedLater("publish", final, async () => {
    const descriptor = openSync(staged, safeRead);
    try {
      fchmodSync(descriptor, mode);
      await syncFile(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(staged, final);
    await names(staged, final);
  });
}

/** A second name for the same file. No-op if `to` already is that file. */
export async function link(from: string, to: string, names: NamesChanged = syncNames): Promise<void> {
  await explainedLater("link", to, async () => {
    try {
      linkSync(from, to);
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
      const [source, target] = [lstatSync(from), lstatSync(to)];
      if (source.dev === target.dev && source.ino === target.ino) return;
      throw userError(
        "file-in-the-way",
        `${to} is in the way`,
        `It should become another name of ${from}, but is a different file already. Look at what it is, and move it away.`,
      );
    }
    await names(to);
  });
}

/** Appends lines. An incomplete last line is ended first, so that it damages only itself. */
export async function appendLines(
  path: string,
  lines: readonly string[],
  { durable = false, names = syncNames }: { readonly durable?: boolean; readonly names?: NamesChanged } = {},
): Promise<void> {
  await explainedLater("append to", path, async () => {
    const descriptor = openSync(
      path,
      constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      0o644,
    );
    try {
      const stat = fstatSync(descriptor);
      requireRegular(path, stat);
      writeAll(descriptor, Buffer.from(`${endsTorn(descriptor, stat.size) ? "\n" : ""}${lines.map((line) => `${line}\n`).join("")}`));
      if (!durable) return;
      await syncFile(descriptor);
      if (stat.size === 0) await names(path);
    } finally {
      closeSync(descriptor);
    }
  });
}

function endsTorn(descriptor: number, size: number): boolean {
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(descriptor, last, 0, 1, size - 1);
  return last[0] !== 0x0a;
}

async function writeNew(path: string, data: Uint8Array, mode: number, durable: boolean): Promise<FileStat> {
  const descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
  try {
    writeAll(descriptor, data);
    // The mode must not depend on the umask: qemu reads the file.
    fchmodSync(descriptor, mode);
    if (durable) await syncFile(descriptor);
    return fileStatOf(fstatSync(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

function writeAll(descriptor: number, data: Uint8Array): void {
  for (let done = 0; done < data.length; ) done += writeSync(descriptor, data, done);
}
