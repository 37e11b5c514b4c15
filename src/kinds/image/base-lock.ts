import type { Context } from "../../model/context.ts";

/** Another process may be fetching the image, which can take this long. */
const patienceMs = 2 * 60 * 60_000;

/**
 * Runs `work` with exclusive access to the base image of an entry (Nova LAY-13, CACHE-03). The context that it gets aborts when the lock
 * is lost.
 */
export function withBaseLock<T>(
  context: Context,
  entry: string,
  purpose: string,
  work: (held: Context) => Promise<T>,
  timeoutMs = patienceMs,
): Promise<T> {
  const request = { path: context.layout.lock(`nova-${entry}`), purpose, withFile: true as const, timeoutMs, signal: context.signal };
  return context.host.lock(request, (lost) => work({ ...context, signal: AbortSignal.any([context.signal, lost]) }));
}
