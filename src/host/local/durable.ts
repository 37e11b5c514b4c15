import { closeSync, constants, fsync, openSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { errnoOf } from "../file-error.ts";

/** Called with the paths whose names a change created or removed. */
export type NamesChanged = (...paths: readonly string[]) => Promise<void>;

const fsyncLater = promisify(fsync);

/** Callbacks for tests that count syncs. */
const listeners = new Set<(what: "content" | "names") => void>();

/** Registers a callback for every sync of this process. Returns a function that removes it. */
export function onSync(listener: (what: "content" | "names") => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Syncs the content of an open file, asynchronously: on a busy disk it takes minutes, during which locks are renewed
 * and other actions go on.
 */
export async function syncFile(descriptor: number): Promise<void> {
  for (const listener of listeners) listener("content");
  await fsyncLater(descriptor);
}

/** Syncs the directories of these paths: a power cut undoes a rename that was not synced. */
export async function syncNames(...paths: readonly string[]): Promise<void> {
  for (const directory of new Set(paths.map((path) => dirname(path)))) await syncDirectory(directory);
}

interface Syncing {
  readonly running: Promise<void>;
  next: Promise<void> | undefined;
}

const syncing = new Map<string, Syncing>();

/** Syncs a directory. Callers that arrive while a sync runs share the next one. */
export function syncDirectory(path: string): Promise<void> {
  const current = syncing.get(path);
  if (current === undefined) return begin(path);
  current.next ??= current.running.catch(() => undefined).then(() => begin(path));
  return current.next;
}

/** The running sync of a directory, if any: it may cover the changes of the caller. */
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
    // Some network filesystems cannot sync a directory and need not.
    if (errnoOf(error) !== "EINVAL") throw error;
  } finally {
    closeSync(descriptor);
  }
}
