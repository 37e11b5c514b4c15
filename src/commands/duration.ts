import { userError } from "../model/errors.ts";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `30s`, `5m`, `1h`, `7d`, `500ms`. Throws a UserError naming the option. */
export function parseDuration(text: string, option: string): number {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(text);
  if (match === null)
    throw userError("bad-duration", `--${option}: "${text}" is not a time`, "Write a whole number and a unit: 500ms, 30s, 5m, 1h, 7d.");
  return Number(match[1]) * (units[match[2] ?? ""] ?? 0);
}
