import { rmdirSync, statSync } from "node:fs";
import lockfile from "proper-lockfile";
import type { LockRequest } from "../../model/host.ts";
import { errnoOf, explainFileError } from "../file-error.ts";
import { compromised, waitInterrupted } from "../lock-errors.ts";
import { directoryIdentity, lockPaths, readHolder, removeHolder, writeHolder } from "../lock-holder.ts";
import { createLockWait, type Sighting, sight } from "../lock-wait.ts";
import { liveness } from "../process-identity.ts";
import { lockFileSystem } from "./lock-file-system.ts";

/*
 * A lock is the directory `<path>.lock`: creating it takes the lock. The holder renews the directory's time every few seconds and
 * records its identity in `<path>.holder.json`.
 *
 * Breaking the lock of a dead holder must never hit the fresh lock of a process that broke it first. Therefore:
 * - proper-lockfile never breaks one itself (its limit is infinite): it looks and removes in two steps, in between
 *   which another process may have done both and taken the lock.
 * - A lock is broken under the guard `<path>.break`: the breaker looks again and removes the directory without letting anything else
 *   run in between. The directory of a dead holder can only be removed by the one within the guard, so what is removed is
 *   what was looked at.
 * - The record goes before the directory, when breaking as when releasing: as soon as the directory is gone another may take
 *   the lock and write its own record, which must then stay. A crash in between leaves a lock without a record,
 *   which is broken once it has not been renewed for a while.
 * - A record names its directory by identity, so an old record beside a new directory is ignored.
 * - "Not renewed for a while" is measured by watching, never by comparing times of different machines' clocks.
 */

/** How abandoned locks of holders on other machines are detected. */
export interface Renewal {
  readonly renewMs: number;
  /** A lock that is not renewed while it is watched for so long has been abandoned. */
  readonly staleMs: number;
}

const usual: Renewal = { renewMs: 2_500, staleMs: 10_000 };
/** Longer than the age of any directory. */
const never = 2 ** 42;
/** Breaking a lock takes well below a millisecond. */
const guardStaleMs = 5_000;

/**
 * Runs `work` while holding a lock, against other processes as within this one. Locks of processes that have died on this
 * machine are taken over at once. Throws a UserError that names the holder when the time is up. When the lock is taken away while
 * `work` runs, the signal aborts; once `work` has ended, a UserError replaces its result.
 */
export async function withLock<T>(request: LockRequest, work: (lost: AbortSignal) => Promise<T>, renewal: Renewal = usual): Promise<T> {
  const lost = new AbortController();
  const release = await acquire(request, renewal, () => lost.abort(compromised(request)));
  let result: T;
  try {
    result = await work(lost.signal);
  } catch (error) {
    await release();
    lost.signal.throwIfAborted();
    throw error;
  }
  if (!(await release())) throw compromised(request);
  return result;
}

/**
 * Releases the lock. False when another process had removed or replaced it. A directory that cannot be removed (the filesystem
 * has become read-only, for example) stays behind and counts as released: the next process, or this one, takes it over.
 */
type Release = () => Promise<boolean>;

async function acquire(request: LockRequest, renewal: Renewal, onLost: () => void): Promise<Release> {
  const wait = createLockWait(request, renewal.staleMs);
  let sighting: Sighting | undefined;
  for (;;) {
    if (request.signal?.aborted === true) throw waitInterrupted(request);
    const release = await tryToTake(request, renewal, onLost);
    if (release !== undefined) {
      const both = await withFileOf(request, release);
      if (both !== undefined) return both;
      await wait("other program", false);
      continue;
    }
    sighting = look(request.path, sighting, renewal);
    if (sighting === undefined || (await breakIfDead(request.path, sighting, renewal))) continue;
    const holder = readHolder(request.path);
    await wait(holder, holder === undefined || liveness(holder) === "unknown");
  }
}

/** Takes the lock on the file as well, where that is asked for. When another program has it, the other lock is given back. */
async function withFileOf({ path, withFile }: LockRequest, release: Release): Promise<Release | undefined> {
  if (withFile !== true) return release;
  let unlock: (() => void) | undefined;
  try {
    unlock = await (await import("./file-lock.ts")).tryFileLock(path);
  } finally {
    if (unlock === undefined) await release();
  }
  if (unlock === undefined) return undefined;
  const held = unlock;
  return async () => {
    held();
    return release();
  };
}

/** One attempt. Returns what releases the lock, or undefined when it is held elsewhere. */
function tryToTake({ path, purpose }: LockRequest, { renewMs }: Renewal, onLost: () => void): Promise<Release | undefined> {
  const record = { write: () => writeHolder(path, purpose), remove: () => removeHolder(path) };
  return take(lockPaths(path).directory, { stale: never, update: renewMs }, record, onLost);
}

function look(path: string, previous: Sighting | undefined, { staleMs }: Renewal): Sighting | undefined {
  const stat = statSync(lockPaths(path).directory, { throwIfNoEntry: false });
  const identity = directoryIdentity(lockPaths(path).directory);
  if (stat === undefined || identity === undefined) return undefined;
  return sight(previous, `${identity} ${stat.mtimeMs}`, { now: performance.now(), staleMs });
}

/** Removes the lock of a dead holder. True when the lock should be tried again at once. */
async function breakIfDead(path: string, sighting: Sighting, renewal: Renewal): Promise<boolean> {
  if (!isDead(path, sighting)) return false;
  const leave = await take(lockPaths(path).guard, { stale: guardStaleMs }, noRecord, () => undefined);
  if (leave === undefined) return false;
  try {
    const again = look(path, sighting, renewal);
    if (again?.since !== sighting.since || !isDead(path, again)) return true;
    removeHolder(path);
    rmdirSync(lockPaths(path).directory);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return true;
    throw explainFileError(error, "remove the abandoned lock", lockPaths(path).directory);
  } finally {
    await leave();
  }
}

function isDead(path: string, { abandoned }: Sighting): boolean {
  if (leftBehind.has(directoryIdentity(lockPaths(path).directory) ?? "")) return true;
  const holder = readHolder(path);
  const state = holder === undefined ? "unknown" : liveness(holder);
  // A running holder keeps its lock, even when it was stopped or too busy to renew it.
  return state === "unknown" ? abandoned : state === "gone";
}

/** Lock directories, by identity, that this process released and could not remove. */
const leftBehind = new Set<string>();

const noRecord = { write: () => undefined, remove: () => undefined };

async function take(
  directory: string,
  times: { readonly stale: number; readonly update?: number },
  record: Parameters<typeof lockFileSystem>[0],
  onCompromised: () => void,
): Promise<Release | undefined> {
  try {
    const fs = lockFileSystem(record);
    const release = await lockfile.lock(directory, { ...times, fs, realpath: false, retries: 0, lockfilePath: directory, onCompromised });
    const identity = directoryIdentity(directory);
    return async () => {
      try {
        await release();
        return true;
      } catch {
        const stays = identity !== undefined && directoryIdentity(directory) === identity;
        if (stays) leftBehind.add(identity);
        return stays;
      }
    };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ELOCKED") return undefined;
    throw explainFileError(error, "take the lock", directory);
  }
}
