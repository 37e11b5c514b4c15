import { type Movement, movements } from "./cost.ts";

/** How fast actions were on a host. */
export interface Rates {
  /** Bytes in a second. */
  readonly bytesPerSecond: Readonly<Partial<Record<Movement, number>>>;
  /** Seconds of an action beside those for moving bytes, by its type. */
  readonly seconds: Readonly<Record<string, number>>;
}

/** Nothing was measured yet. */
export const noRates: Rates = { bytesPerSecond: {}, seconds: {} };

/** Bytes in a second that most machines reach, for a host that was not measured. */
export const guessedRates: Readonly<Record<Movement, number>> = {
  download: 10 * 2 ** 20,
  copy: 100 * 2 ** 20,
  convert: 50 * 2 ** 20,
  overwrite: 100 * 2 ** 20,
};

/** Seconds of an action that says nothing about its duration, on a host that was not measured. */
export const guessedSeconds = 0.1;

/** Most types of actions that are read from the file. */
const mostTypes = 200;

/** Reads what `ratesText` wrote. What is no positive number is left out: rates are advice, and nothing is decided by them. Pure. */
export function parseRates(text: string | undefined): Rates {
  try {
    const value: unknown = text === undefined || text === "" ? null : JSON.parse(text);
    if (!isObject(value) || value["version"] !== 1) return noRates;
    const rates = numbersOf(value["bytes_per_second"]);
    return {
      bytesPerSecond: Object.fromEntries(movements.flatMap((way) => (rates[way] === undefined ? [] : [[way, rates[way]]]))),
      seconds: numbersOf(value["seconds"]),
    };
  } catch {
    return noRates;
  }
}

/** Rates as they are kept on the host. */
export function ratesText({ bytesPerSecond, seconds }: Rates): string {
  return `${JSON.stringify({ version: 1, bytes_per_second: bytesPerSecond, seconds }, null, 2)}\n`;
}

/** What is known after a further measurement: the mean of it and of what was known, so that a single slow apply does not decide. Pure. */
export function combineRates(known: Rates, measured: Rates): Rates {
  return {
    bytesPerSecond: meanOf(known.bytesPerSecond, measured.bytesPerSecond),
    seconds: meanOf(known.seconds, measured.seconds),
  };
}

function meanOf(known: Readonly<Record<string, number>>, measured: Readonly<Record<string, number>>): Record<string, number> {
  const means = Object.entries(measured).map(([key, value]) => [key, short(((known[key] ?? value) + value) / 2)] as const);
  return { ...known, ...Object.fromEntries(means) };
}

/** Rounds to three digits, which is more exact than the measurement of one apply. */
function short(value: number): number {
  return Number(value.toPrecision(3));
}

function numbersOf(value: unknown): Record<string, number> {
  if (!isObject(value)) return {};
  const usable = Object.entries(value).filter((entry): entry is [string, number] => {
    const number = entry[1];
    return typeof number === "number" && Number.isFinite(number) && number > 0 && number < 1e15;
  });
  return Object.fromEntries(usable.slice(0, mostTypes));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
