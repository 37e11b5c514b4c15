import { type UserError, userError } from "../model/errors.ts";
import type { LockRequest } from "../model/host.ts";
import { describeHolder, type Holder, lockPaths } from "./lock-holder.ts";

/** Somebody else has the lock and the time is up. `foreign`: whether its holder lives cannot be told where the lock is. */
export function timeIsUp({ path, timeoutMs }: LockRequest, holder: Holder | undefined, foreign: boolean): UserError {
  const waited = timeoutMs > 0 ? ` Waited ${timeoutMs / 1000} s for it.` : "";
  const { directory } = lockPaths(path);
  const way = foreign
    ? `Wait for it to end, or give it more time with --lock-timeout. If nobody is at work any more, on any machine that shares this directory, remove ${directory}.`
    : "Wait for it to end, or give it more time with --lock-timeout. If it hangs, end that process: its lock is then taken over at once.";
  return userError("locked", `Somebody else is at work: ${describeHolder(holder)}`, `It holds ${directory}.${waited} ${way}`);
}

/** Whoever waited for the lock does not want it any more. */
export function interrupted({ purpose }: LockRequest): UserError {
  return userError("interrupted", `Waiting for the lock was stopped: ${purpose}`);
}

/** The lock was taken away while it was held. */
export function compromised({ path, purpose }: LockRequest): UserError {
  return userError(
    "lock-lost",
    `The lock was taken away while at work: ${purpose}`,
    `${lockPaths(path).directory} was removed or replaced by somebody else, who may be changing the same things now. Make sure that nobody else is at work, then run the same command again: it looks at everything anew.`,
  );
}
