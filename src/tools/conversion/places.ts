import type { Host } from "../../model/host.ts";
import { perHost } from "../../model/per-host.ts";
import { parseAllowedProcessors, pickProcessors } from "./processors.ts";

/** The digest of the result, which one thread computes, is about as fast as four conversions. The other processors are left to the guests. */
const most = 4;

/** Where conversions of a host run: one process at a place at a time, whatever the number of images. */
export interface Places {
  readonly count: number;
  /** Waits for a place. `work` gets its processor; undefined where the host does not name any. */
  at<T>(work: (processor: number | undefined) => Promise<T>): Promise<T>;
}

/** The places of a host. */
export const placesOf: (host: Host) => Promise<Places> = perHost(async ({ files }) => {
  const status = (await files.read("/proc/self/status"))?.toString("latin1") ?? "";
  const processors = pickProcessors(parseAllowedProcessors(status), most, Math.random());
  return createPlaces(processors.length === 0 ? [undefined] : processors);
});

/** One place for each of these processors. Whoever waits longest is first. */
export function createPlaces(processors: readonly (number | undefined)[]): Places {
  const free = [...processors];
  const waiting: ((processor: number | undefined) => void)[] = [];
  const take = () =>
    free.length === 0 ? new Promise<number | undefined>((resolve) => void waiting.push(resolve)) : Promise.resolve(free.shift());
  return {
    count: processors.length,
    async at(work) {
      const processor = await take();
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
