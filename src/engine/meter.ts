import type { Action, ActionProgress } from "../model/action.ts";
import { type Cost, type Movement, movements } from "../model/cost.ts";
import type { Rates } from "../model/rates.ts";

/** Measures actions while they run, for the forecasts of later plans. */
export interface Meter {
  /** An action starts. */
  start(action: Action): void;
  progress(action: Action, progress: ActionProgress): void;
  /** An action ended well. Only such actions count. */
  done(action: Action): void;
  /** What all of them together show. A speed that was measured on less than 8 MiB is left out: it would be that of a cache. */
  rates(): Rates;
}

/** One action while it runs. Times are milliseconds. */
interface Run {
  readonly startedAt: number;
  seenAt: number;
  readonly times: Partial<Record<Movement, number>>;
  readonly bytes: Partial<Record<Movement, number>>;
}

const fewestBytes = 8 * 2 ** 20;

/**
 * Phases of progress that count as converting: they read one format and write another. The time of a phase that is neither here nor a movement, such
 * as computing a digest or an upload, belongs to the type of the action.
 */
const converting: ReadonlySet<string> = new Set(["encrypt", "import", "unpack"]);

function movementOf(phase: string | undefined, cost: Cost | undefined): Movement | undefined {
  // Fetching reports what arrives in the same way for a file of the host, which is copied.
  if (phase === "download" && cost?.moves?.copy !== undefined && cost.moves.download === undefined) return "copy";
  return movements.find((one) => one === phase) ?? (phase === undefined || converting.has(phase) ? "convert" : undefined);
}

/** `now`: a clock in milliseconds that never goes back. */
export function createMeter(now: () => number): Meter {
  const running = new Map<string, Run>();
  const moved = new Map<Movement, { bytes: number; time: number }>();
  const fixed = new Map<string, { count: number; time: number }>();
  return {
    start({ id }) {
      const at = now();
      running.set(id, { startedAt: at, seenAt: at, times: {}, bytes: {} });
    },
    progress({ id, cost }, { phase, done }) {
      const run = running.get(id);
      if (run === undefined) return;
      const at = now();
      const way = movementOf(phase, cost);
      if (way !== undefined) {
        run.times[way] = (run.times[way] ?? 0) + (at - run.seenAt);
        run.bytes[way] = done;
      }
      run.seenAt = at;
    },
    done({ id, type, cost }) {
      const run = running.get(id);
      if (run === undefined) return;
      running.delete(id);
      const whole = now() - run.startedAt;
      const ways = movements.filter((way) => (cost?.moves?.[way] ?? run.bytes[way] ?? 0) > 0);
      const [only] = ways;
      // Programs that report no progress are taken to move bytes all the time.
      const silent = only !== undefined && ways.length === 1 && run.times[only] === undefined;
      const times = silent && (cost?.moves?.[only] ?? 0) >= fewestBytes ? { [only]: whole } : run.times;
      let moving = 0;
      for (const way of ways) {
        const time = times[way] ?? 0;
        moving += time;
        const sum = moved.get(way) ?? { bytes: 0, time: 0 };
        // Progress counts holes; what was planned does not.
        if (time > 0) moved.set(way, { bytes: sum.bytes + (cost?.moves?.[way] ?? run.bytes[way] ?? 0), time: sum.time + time });
      }
      const { count, time } = fixed.get(type) ?? { count: 0, time: 0 };
      fixed.set(type, { count: count + 1, time: time + Math.max(0, whole - moving) });
    },
    rates: () => ({
      bytesPerSecond: Object.fromEntries(
        [...moved].filter(([, { bytes }]) => bytes >= fewestBytes).map(([way, { bytes, time }]) => [way, (bytes / time) * 1000]),
      ),
      seconds: Object.fromEntries([...fixed].map(([type, { count, time }]) => [type, Math.max(0.001, time / count / 1000)])),
    }),
  };
}
