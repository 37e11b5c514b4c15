import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { userError } from "../../model/errors.ts";
import { errnoOf, explainedLater } from "../file-error.ts";
import { removeAbandoned, temporaryName } from "../temporary-name.ts";
import { syncFile, syncNames } from "./durable.ts";
import { requireRegular, safeRead } from "./read.ts";

/**
 * Replaces a file as a whole: whoever reads it, and whatever a power cut leaves, is the old content or the new. Also clears
 * away what writers of the same file left when they were killed.
 */
export async function writeAtomic(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  await explainedLater("write", path, async () => {
    removeAbandoned(path);
    const staged = temporaryName(path);
    try {
      await writeNew(staged, typeof data === "string" ? Buffer.from(data) : data, mode);
      renameSync(staged, path);
    } catch (error) {
      rmSync(staged, { force: true });
      throw error;
    }
    await syncNames(path);
  });
}

/** Gives a finished file (or directory) its final name. */
export async function publish(staged: string, final: string, mode: number): Promise<void> {
  await explainedLater("publish", final, async () => {
    const descriptor = openSync(staged, safeRead);
    try {
      fchmodSync(descriptor, mode);
      await syncFile(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(staged, final);
    await syncNames(staged, final);
  });
}

/** A second name for the same file. Fine when `to` already is that file. */
export async function link(from: string, to: string): Promise<void> {
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
    await syncNames(to);
  });
}

/** Appends a line and puts it on the disk. A line that a power cut tore is closed first, so that it spoils only itself. */
export async function appendLine(path: string, line: string): Promise<void> {
  await explainedLater("append to", path, async () => {
    const descriptor = openSync(
      path,
      constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      0o644,
    );
    try {
      const stat = fstatSync(descriptor);
      requireRegular(path, stat);
      writeAll(descriptor, Buffer.from(`${endsTorn(descriptor, stat.size) ? "\n" : ""}${line}\n`));
      await syncFile(descriptor);
      if (stat.size === 0) await syncNames(path);
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

async function writeNew(path: string, data: Uint8Array, mode: number): Promise<void> {
  const descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
  try {
    writeAll(descriptor, data);
    // The umask must not decide what qemu may read.
    fchmodSync(descriptor, mode);
    await syncFile(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeAll(descriptor: number, data: Uint8Array): void {
  for (let done = 0; done < data.length; ) done += writeSync(descriptor, data, done);
}
