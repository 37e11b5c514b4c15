import type { Context } from "../../model/context.ts";

/** Somebody else may be fetching the image; that is worth waiting for. */
const patienceMs = 2 * 60 * 60_000;

/**
 * Runs `work` while nobody else makes, uses up or removes the base image of an entry (Nova LAY-13, CACHE-03). The context that it is
 * given ends what runs when the lock is lost.
 */
export function withBaseLock<T>(
  context: Context,
  entry: string,
  purpose: string,
  work: (held: Context) => Promise<T>,
  timeoutMs = patienceMs,
): Promise<T> {
  const request = { path: context.layout.lock(`nova-${entry}`), purpose, timeoutMs, signal: context.signal };
  return context.host.lock(request, (lost) => work({ ...context, signal: AbortSignal.any([context.signal, lost]) }));
}
