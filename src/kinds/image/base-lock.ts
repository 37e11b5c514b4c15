import type { Context } from "../../model/context.ts";

/** Somebody else may be fetching the image; that is worth waiting for. */
const patienceMs = 2 * 60 * 60_000;

/** Runs `work` while nobody else makes, uses up or removes the base image of an entry (Nova LAY-13, CACHE-03). */
export function withBaseLock<T>(
  context: Context,
  entry: string,
  purpose: string,
  work: () => Promise<T>,
  timeoutMs = patienceMs,
): Promise<T> {
  return context.host.lock({ path: context.layout.lock(`nova-${entry}`), purpose, timeoutMs, signal: context.signal }, work);
}
