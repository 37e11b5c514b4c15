import { setTimeout as pause } from "node:timers/promises";
import type { Host } from "../../model/host.ts";
import { perHost } from "../../model/per-host.ts";
import { parseAllowedProcessors, parseIdleTimes, pickIdle } from "./processors.ts";

/** The digest of the result, which one thread computes, is about as fast as four conversions. The other processors are left to the guests. */
const most = 4;
/** How long processors are watched, of which not all are needed. The kernel counts in ticks of up to 10 ms. */
const watchMs = 100;

/** Where conversions of a host run: one process at a place at a time, whatever the number of images. */
export interface Places {
  readonly count: number;
  /** Waits for a place. `work` gets its processor; undefined where the host does not name any. Rejects with the reason of a signal that aborts before. */
  at<T>(work: (processor: number | undefined) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** The places of a host, chosen once. */
export const placesOf: (host: Host) => Promise<Places> = perHost(async ({ files }) => {
  const processors = await chooseProcessors(files);
  return createPlaces(processors.length === 0 ? [undefined] : processors);
});

/** Processors that virtform may use on a host, at most four: those with the least to do, so that a guest with a processor of its own keeps it. */
export async function chooseProcessors(files: Pick<Host["files"], "read">): Promise<readonly number[]> {
  const read = async (path: string) => (await files.read(path))?.toString("latin1") ?? "";
  const allowed = parseAllowedProcessors(await read("/proc/self/status"));
  if (allowed.length <= most) return allowed;
  const before = parseIdleTimes(await read("/proc/stat"));
  await pause(watchMs);
  return pickIdle(allowed, most, [before, parseIdleTimes(await read("/proc/stat"))], Math.random);
}

/** One place for each of these processors, given to what has waited longest. */
export function createPlaces(processors: readonly (number | undefined)[]): Places {
  const free = [...processors];
  const waiting: ((processor: number | undefined) => void)[] = [];
  const turn = (signal: AbortSignal | undefined) =>
    new Promise<number | undefined>((resolve, reject) => {
      const take = (processor: number | undefined) => {
        signal?.removeEventListener("abort", leave);
        resolve(processor);
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(take), 1);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", leave, { once: true });
      waiting.push(take);
    });
  return {
    count: processors.length,
    async at(work, signal) {
      signal?.throwIfAborted();
      const processor = free.length > 0 ? free.shift() : await turn(signal);
      try {
        return await work(processor);
      } finally {
        const next = waiting.shift();
        if (next === undefined) free.push(processor);
        else next(processor);
      }
    },
  };
}
