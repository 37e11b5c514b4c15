import { type UserError, userError } from "../model/errors.ts";
import type { LockRequest } from "../model/host.ts";
import { shellWord } from "../model/shell-word.ts";
import { describeHolder, type Holder, lockPaths } from "./lock-holder.ts";

/** The lock is held elsewhere and the time is up. `foreign`: whether its holder runs cannot be determined from this machine. */
export function timeIsUp(
  { path }: LockRequest,
  holder: Holder | "other program" | undefined,
  { foreign, waitedMs }: { readonly foreign: boolean; readonly waitedMs: number },
): UserError {
  const waited = waitedMs > 0 ? ` Waited ${waitedMs / 1000} s for it.` : "";
  if (holder === "other program") {
    const detail = `It holds a lock on the file ${path}.${waited} \`fuser -v ${shellWord(path)}\` shows which one. Wait for it to end, or give it more time with --lock-timeout.`;
    return userError("locked", `Locked by ${describeHolder(holder)}`, detail);
  }
  const { directory } = lockPaths(path);
  const way = foreign
    ? `Wait for it to end, or give it more time with --lock-timeout. If virtform runs on no machine that shares this directory, remove ${directory}.`
    : "Wait for it to end, or give it more time with --lock-timeout. If it hangs, end that process: its lock is then taken over at once.";
  return userError("locked", `Locked by ${describeHolder(holder)}`, `It holds ${directory}.${waited} ${way}`);
}

/** Waiting for the lock was cancelled. */
export function waitInterrupted({ purpose }: LockRequest): UserError {
  return userError("interrupted", `Waiting for the lock was stopped: ${purpose}`, "Nothing was changed. Run the same command again.");
}

/** The lock was removed or replaced while it was held. */
export function compromised({ path, purpose }: LockRequest): UserError {
  return userError(
    "lock-lost",
    `Lost the lock while running: ${purpose}`,
    `${lockPaths(path).directory} was removed or replaced by another process, which may be changing the same objects now. Make sure that no other virtform runs, then run the same command again; it reads the host again.`,
  );
}
