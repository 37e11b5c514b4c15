import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  statfsSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Owner } from "../../model/host.ts";
import { errnoOf, explained, explainedLater, symbolicLink } from "../file-error.ts";
import { type NamesChanged, syncNames } from "./durable.ts";

/** Mode of parents, whatever the mode of the directory itself: qemu must be able to traverse them. */
const parentMode = 0o755;

/** Creates a directory and its parents; no-op if it exists. Modes do not depend on the umask. */
export async function makeDirectory(path: string, mode: number = parentMode, names: NamesChanged = syncNames): Promise<void> {
  await explainedLater("make the directory", path, async () => {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
    const missing: string[] = [];
    for (let parent = dirname(path); statSync(parent, { throwIfNoEntry: false }) === undefined; parent = dirname(parent))
      missing.unshift(parent);
    for (const parent of missing) await makeOne(parent, parentMode, names);
    await makeOne(path, mode, names);
  });
}

async function makeOne(path: string, mode: number, names: NamesChanged): Promise<void> {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process has just created it.
    if (errnoOf(error) === "EEXIST" && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
    throw error;
  }
  chmodSync(path, mode);
  await names(path);
}

/** No-op if absent. */
export function removeFile(path: string): void {
  explained("remove", path, () => {
    try {
      unlinkSync(path);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== "ENOENT" && errno !== "ENOTDIR") throw error;
    }
  });
}

/** From this size on, freeing what a file takes is slow enough to hold up other actions and the renewal of locks. */
const largeBytes = 64 * 2 ** 20;

/** As `removeFile`, without holding up this process when the file is large. */
export async function removeLater(path: string): Promise<void> {
  if (sizeOf(path) < largeBytes) return removeFile(path);
  await explainedLater("remove", path, () => rm(path, { force: true }));
}

/** 0 where it cannot be looked at: its removal says why, where that is an error. */
function sizeOf(path: string): number {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return 0;
  }
}

/** Removes a directory with its content; a link itself, never its target. No-op if absent. */
export function removeTree(path: string): Promise<void> {
  return explainedLater("remove", path, () => rm(path, { recursive: true, force: true }));
}

/** Sets the modification time to now. A refusal for lack of permission is ignored (Nova CACHE-09). */
export function touch(path: string): void {
  explained("touch", path, () => {
    const now = new Date();
    try {
      lutimesSync(path, now, now);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== "EACCES" && errno !== "EPERM") throw error;
    }
  });
}

/** Sets the length of a file, creating it if missing. No-op for one that has it: file systems put what was emptied on the disk when it is closed. */
export function truncate(path: string, bytes: number): void {
  explained("set the length of", path, () => {
    const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o644);
    try {
      if (fstatSync(descriptor).size !== bytes) ftruncateSync(descriptor, bytes);
    } finally {
      closeSync(descriptor);
    }
  });
}

/** Sets the permission bits. A link is rejected, since its target would change. */
export function setMode(path: string, mode: number): void {
  explained("set the mode of", path, () => {
    if (lstatSync(path).isSymbolicLink()) throw symbolicLink(path);
    chmodSync(path, mode);
  });
}

/** Gives a file to another user and group. A link is rejected, since its target would change. */
export function setOwner(path: string, { uid, gid }: Owner): void {
  explained("set the owner of", path, () => {
    if (lstatSync(path).isSymbolicLink()) throw symbolicLink(path);
    lchownSync(path, uid, gid);
  });
}

/** Free bytes (for unprivileged users), total bytes and magic number of the filesystem that holds the path or its nearest existing parent. */
export function space(path: string): { total: number; free: number; filesystem: number } {
  let place = path;
  explained("measure the space of", path, () => {
    while (statSync(place, { throwIfNoEntry: false }) === undefined && dirname(place) !== place) place = dirname(place);
  });
  // Synchronous as the other looks: it would be the only work of Node's thread pool, whose four threads a plan then starts.
  const { bsize, blocks, bavail, type } = explained("measure the space of", place, () => statfsSync(place));
  return { total: blocks * bsize, free: bavail * bsize, filesystem: type };
}
