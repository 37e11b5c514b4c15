import type { ActionProgress } from "../model/action.ts";

/** How fast the bytes of a running action come. Times are milliseconds of any clock. */
export interface Pace {
  readonly at: number;
  readonly done: number;
  readonly phase: string | undefined;
  /** Bytes a second; undefined until enough has been seen. */
  readonly speed: number | undefined;
}

/** Reports that follow one another faster than this are taken together. */
const shortestMs = 500;
/** How much the newest stretch counts. */
const weight = 0.3;

/** The pace after a report of progress. It restarts with each phase, and where bytes are taken back. Pure. */
export function paceAfter(before: Pace | undefined, { done, phase }: ActionProgress, at: number): Pace {
  if (before === undefined || before.phase !== phase || done < before.done) return { at, done, phase, speed: undefined };
  const elapsed = at - before.at;
  if (elapsed < shortestMs) return before;
  const latest = ((done - before.done) * 1000) / elapsed;
  return { at, done, phase, speed: before.speed === undefined ? latest : before.speed * (1 - weight) + latest * weight };
}

/** Milliseconds until a transfer is done, if it goes on like this; undefined where that is not known. */
export function timeLeft({ done, total }: ActionProgress, pace: Pace | undefined): number | undefined {
  if (total === undefined || total <= done || pace?.speed === undefined || pace.speed < 1) return undefined;
  return ((total - done) * 1000) / pace.speed;
}
