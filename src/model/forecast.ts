import type { Action } from "./action.ts";
import type { Address } from "./address.ts";
import { type Movement, movedBytes, movements } from "./cost.ts";
import { exists } from "./fact.ts";
import { type Plan, type PlannedAction, plansOfHosts } from "./plan.ts";
import { guessedRates, guessedSeconds, noRates, type Rates } from "./rates.ts";
import { simulateSchedule } from "./simulate-schedule.ts";
import { usualParallelism } from "./usual-parallelism.ts";

/** What an apply of a plan will take. Sizes are bytes. */
export interface Forecast {
  /** Comes from other machines. */
  readonly download: number;
  /** Taken of the storage at once. */
  readonly write: number;
  /** Overwritten before removal, all passes together. */
  readonly overwrite: number;
  /** Taken of the storage when guests have filled their disks. */
  readonly full: number;
  /** Objects whose bytes are not known, such as images that were never fetched: then the sizes are the least, and so are the seconds. */
  readonly unknown: readonly Address[];
  /** From the first action to the end of the last one, on the slowest of several hosts. */
  readonly seconds: number;
  /** Every speed that it was computed with was measured on the host; otherwise some are guesses. */
  readonly measured: boolean;
  /** Guests that are off for a while, and for how many seconds. Not those that stay off. */
  readonly downtime: readonly { readonly address: Address; readonly seconds: number }[];
  /** Seconds of each action by its id. */
  readonly secondsOf: ReadonlyMap<string, number>;
}

/** Sums what the actions of a plan cost. The seconds follow from the order of the actions, their locks and how many run at the same time. Pure. */
export function forecastOf(plan: Plan, parallelism?: number): Forecast {
  const each = plansOfHosts(plan).map((one) => {
    const at = plan.hosts === undefined ? "" : `${one.host}/`;
    return forecastOnHost(one, parallelism ?? usualParallelism(one), at);
  });
  const sum = (of: (one: Forecast) => number) => each.reduce((total, one) => total + of(one), 0);
  return {
    download: sum(({ download }) => download),
    write: sum(({ write }) => write),
    overwrite: sum(({ overwrite }) => overwrite),
    full: sum(({ full }) => full),
    unknown: each.flatMap(({ unknown }) => unknown),
    seconds: Math.max(0, ...each.map(({ seconds }) => seconds)),
    measured: each.every(({ measured }) => measured),
    downtime: each.flatMap(({ downtime }) => downtime),
    secondsOf: new Map(each.flatMap(({ secondsOf }) => [...secondsOf])),
  };
}

/** `at`: what stands in front of addresses and ids in output. */
function forecastOnHost({ actions, rates = noRates }: Plan, parallelism: number, at: string): Forecast {
  const times = simulateSchedule(actions, (action) => secondsFor(action, rates), parallelism);
  const sum = (of: (action: Action) => number) => actions.reduce((total, action) => total + of(action), 0);
  return {
    download: sum((action) => movedBytes(action, ["download"])),
    write: sum(({ cost }) => cost?.takes?.thin ?? 0),
    overwrite: sum((action) => movedBytes(action, ["overwrite"])),
    full: sum(({ cost }) => cost?.takes?.full ?? 0),
    unknown: [...new Set(actions.filter(isUnknown).map(({ address }): Address => `${at}${address}` as Address))],
    seconds: [...times.values()].reduce((last, { end }) => Math.max(last, end), 0),
    measured: actions.every((action) => isMeasured(action, rates)),
    downtime: downtimeOf(actions, times).map(({ address, seconds }) => ({ address: `${at}${address}` as Address, seconds })),
    secondsOf: new Map([...times].map(([id, { start, end }]) => [`${at}${id}`, end - start])),
  };
}

function isUnknown({ cost }: Action): boolean {
  const sizes = [...Object.values(cost?.moves ?? {}), ...Object.values(cost?.takes ?? {})];
  return sizes.some((size) => size === null);
}

/** Seconds of one action at these rates. */
function secondsFor(action: Action, { bytesPerSecond, seconds }: Rates): number {
  const { cost, type } = action;
  const moving = movements.reduce((sum, way) => sum + (cost?.moves?.[way] ?? 0) / (bytesPerSecond[way] ?? guessedRates[way]), 0);
  return moving + (seconds[type] ?? cost?.seconds ?? guessedSeconds);
}

/** Bytes for which a guessed rate makes no difference. */
const few = 2 ** 20;

function isMeasured({ cost, type }: Action, { bytesPerSecond, seconds }: Rates): boolean {
  const fast = ([way, bytes]: [string, number | null]) => (bytes ?? 0) < few || bytesPerSecond[way as Movement] !== undefined;
  return (seconds[type] !== undefined || cost?.seconds === undefined) && Object.entries(cost?.moves ?? {}).every(fast);
}

/** From the first action that interrupts a guest to the one after which it runs. */
function downtimeOf(
  actions: readonly PlannedAction[],
  times: ReadonlyMap<string, { readonly start: number; readonly end: number }>,
): Forecast["downtime"] {
  const off = new Map<Address, number>();
  const up = new Map<Address, number>();
  for (const { id, address, effect, makes } of actions) {
    const { start = 0, end = 0 } = times.get(id) ?? {};
    if (effect === "restart") off.set(address, Math.min(off.get(address) ?? Number.POSITIVE_INFINITY, start));
    else if (makes.includes(exists(address))) up.set(address, Math.max(up.get(address) ?? 0, end));
  }
  return [...off].flatMap(([address, from]) => {
    const until = up.get(address);
    return until === undefined ? [] : [{ address, seconds: Math.max(0, until - from) }];
  });
}
