import { closeSync, constants, fstatSync, openSync, readSync, statSync, unlinkSync, writeSync } from "node:fs";
import { type ProcessIdentity, thisProcess } from "./process-identity.ts";

/** The record beside a lock about its holder. */
export interface Holder extends ProcessIdentity {
  readonly purpose: string;
  /** ISO 8601, UTC. */
  readonly since: string;
  /**
   * The lock directory that it belongs to: a record can outlive its directory (when a process ends by a signal, or the directory is
   * removed by hand), and must not be taken for that of the next one.
   */
  readonly directory: string;
}

/** A record is a few hundred bytes; a longer file is none. */
const maxRecordBytes = 16_384;

/** The names that make up a lock. */
export function lockPaths(path: string) {
  return { directory: `${path}.lock`, record: `${path}.holder.json`, guard: `${path}.break` };
}

/** Tells a directory from one made later under its name; undefined when there is none. */
export function directoryIdentity(directory: string): string | undefined {
  const stat = statSync(directory, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.ino}:${stat.birthtimeNs}`;
}

/**
 * Records beside a lock that this process holds it. A failure (a full disk) is ignored: the record only helps other processes.
 * Anything found in its place is removed and never written to: it may be a link to another file, or a pipe.
 */
export function writeHolder(path: string, purpose: string): void {
  const { directory, record } = lockPaths(path);
  const holder: Holder = { ...thisProcess(), purpose, since: new Date().toISOString(), directory: directoryIdentity(directory) ?? "" };
  removeHolder(path);
  try {
    const descriptor = openSync(record, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644);
    try {
      writeSync(descriptor, `${JSON.stringify(holder)}\n`);
    } finally {
      closeSync(descriptor);
    }
  } catch {}
}

/** The holder of a lock; undefined when the record is missing, half written, or about another lock directory. */
export function readHolder(path: string): Holder | undefined {
  const { directory, record } = lockPaths(path);
  const holder = parseHolder(textOf(record));
  return holder !== undefined && holder.directory === directoryIdentity(directory) ? holder : undefined;
}

/** Removes a record; no-op if absent. */
export function removeHolder(path: string): void {
  try {
    unlinkSync(lockPaths(path).record);
  } catch {}
}

/** For messages: `apply of project shop (process 4711 on kvm1, since 2026-11-21T10:00:00Z)`. */
export function describeHolder(holder: Holder | "other program" | undefined): string {
  if (holder === "other program") return "another program that locks the same file, such as nova-compute";
  if (holder === undefined) return "an unknown process (no holder record)";
  return `${holder.purpose} (process ${holder.pid} on ${holder.hostName}, since ${holder.since.replace(/\.\d+Z$/, "Z")})`;
}

/** A parsed record; undefined when it is incomplete. */
export function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Holder;
    const { startTime, machineId, bootId, pidNamespace, hostName, purpose, since, directory } = holder;
    const texts = [startTime, machineId, bootId, pidNamespace, hostName, purpose, since, directory];
    return Number.isSafeInteger(holder.pid) && texts.every((part) => typeof part === "string") ? holder : undefined;
  } catch {
    return undefined;
  }
}

/** The beginning of a record; empty for anything but a regular file. Never waits: a pipe is opened without blocking. */
function textOf(record: string): string {
  try {
    const descriptor = openSync(record, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!fstatSync(descriptor).isFile()) return "";
      const buffer = Buffer.alloc(maxRecordBytes);
      return buffer.toString("utf8", 0, readSync(descriptor, buffer, 0, maxRecordBytes, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return "";
  }
}
