import { setTimeout as pause } from "node:timers/promises";
import type { LockRequest } from "../model/host.ts";
import { timeIsUp, waitInterrupted } from "./lock-errors.ts";
import { describeHolder, type Holder } from "./lock-holder.ts";

const firstPauseMs = 20;
const maxPauseMs = 250;
/** Longest gap between two looks of an unbroken watch: a process that was stopped or starved for longer missed changes. */
const longestGapMs = (staleMs: number) => Math.max(2 * maxPauseMs, staleMs / 4);

/** A lock held elsewhere, watched while it does not change. Times come from the monotonic clock of this process. */
export interface Sighting {
  /** Whatever changes when the lock is renewed or passes to another holder. */
  readonly state: string;
  readonly since: number;
  readonly last: number;
  /** It has not been renewed for so long that its holder must be gone. */
  readonly abandoned: boolean;
}

/**
 * One more look. The watch restarts when something changed, and when this process was suspended for too long. A lock
 * that has not changed for `staleMs` while it was watched is abandoned. Pure.
 */
export function sight(
  previous: Sighting | undefined,
  state: string,
  { now, staleMs }: { readonly now: number; readonly staleMs: number },
): Sighting {
  const unbroken = previous?.state === state && now - previous.last <= longestGapMs(staleMs);
  const since = unbroken ? previous.since : now;
  return { state, since, last: now, abandoned: now - since > staleMs };
}

/**
 * Waits between attempts at one lock, longer each time, and reports the holder once. Throws a UserError when the request's
 * time is up or it is interrupted. `unknowable`: whether the holder runs cannot be determined from here. A lock without a
 * record of its holder is usually abandoned, so it is watched for `staleMs` whatever time the request gives: only then is
 * it known to be abandoned.
 */
export function createLockWait(
  request: LockRequest,
  staleMs: number,
): (holder: Holder | "other program" | undefined, unknowable: boolean) => Promise<void> {
  const started = performance.now();
  const watchedMs = Math.max(request.timeoutMs, staleMs + 4 * maxPauseMs);
  let waits = 0;
  let told = false;
  return async (holder, unknowable) => {
    const waitedMs = holder === undefined ? watchedMs : request.timeoutMs;
    const left = started + waitedMs - performance.now();
    if (left <= 0) throw timeIsUp(request, holder, { foreign: unknowable, waitedMs });
    // A holder needs a moment to write its name.
    if (!told && (holder !== undefined || waits > 2)) {
      told = true;
      request.onWait?.(describeHolder(holder));
    }
    const time = Math.min(left, maxPauseMs, firstPauseMs * 2 ** waits * (0.5 + Math.random()));
    waits += 1;
    await pause(time, undefined, { ...(request.signal === undefined ? {} : { signal: request.signal }) }).catch(() => {
      throw waitInterrupted(request);
    });
  };
}
