import { durationMs } from "../model/duration.ts";
import { userError } from "../model/errors.ts";

/** Milliseconds of `30s`, `5m`, `1h`, `7d`, `500ms`. Throws a UserError naming the option. */
export function parseDuration(text: string, option: string): number {
  const found = durationMs(text);
  if (found === undefined)
    throw userError("bad-duration", `--${option}: "${text}" is not a time`, "Write a whole number and a unit: 500ms, 30s, 5m, 1h, 7d.");
  return found;
}
