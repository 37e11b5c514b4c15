import { closeSync, constants, fsync, openSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { errnoOf } from "../file-error.ts";

/** Receives the paths whose names a change gave or took. */
export type NamesChanged = (...paths: readonly string[]) => Promise<void>;

const fsyncLater = promisify(fsync);

/** Called with what is put on the disk, for tests that count. */
const listeners = new Set<(what: "content" | "names") => void>();

/** Calls back at every wait for the disk of this process. Gives what takes the call back. */
export function onSync(listener: (what: "content" | "names") => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Puts an open file on the disk. Beside everything else: where the disk has much to write it takes minutes, in which locks
 * have to be renewed and other objects go on.
 */
export async function syncFile(descriptor: number): Promise<void> {
  for (const listener of listeners) listener("content");
  await fsyncLater(descriptor);
}

/** Puts the names of these paths on the disk: a rename that only memory knows of is undone by a power cut. */
export async function syncNames(...paths: readonly string[]): Promise<void> {
  for (const directory of new Set(paths.map((path) => dirname(path)))) await syncDirectory(directory);
}

interface Syncing {
  readonly running: Promise<void>;
  next: Promise<void> | undefined;
}

const syncing = new Map<string, Syncing>();

/** Puts the entries of a directory on the disk. All who ask while one sync runs share the one after it. */
export function syncDirectory(path: string): Promise<void> {
  const current = syncing.get(path);
  if (current === undefined) return begin(path);
  current.next ??= current.running.catch(() => undefined).then(() => begin(path));
  return current.next;
}

/** Waits for a sync of a directory that runs already; it may have begun after what the caller changed. */
export function syncUnderWay(path: string): Promise<void> | undefined {
  return syncing.get(path)?.next ?? syncing.get(path)?.running;
}

function begin(path: string): Promise<void> {
  const entry: Syncing = { running: sync(path).finally(() => syncing.get(path) === entry && syncing.delete(path)), next: undefined };
  syncing.set(path, entry);
  return entry.running;
}

async function sync(path: string): Promise<void> {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    for (const listener of listeners) listener("names");
    await fsyncLater(descriptor);
  } catch (error) {
    // Some network filesystems have nothing to do for a directory, and say so.
    if (errnoOf(error) !== "EINVAL") throw error;
  } finally {
    closeSync(descriptor);
  }
}
