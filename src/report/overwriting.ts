import type { Action } from "../model/action.ts";
import { approximateQuantity } from "../model/quantity.ts";
import { formatDuration } from "./quantities.ts";

/** Bytes in a second that any disk writes. */
const rate = 100 * 2 ** 20;

/** How much the actions overwrite before they remove it, and how long that may take; undefined when they overwrite nothing. */
export function overwriting(actions: readonly Action[]): string | undefined {
  const bytes = actions.reduce((sum, action) => sum + (action.overwrites ?? 0), 0);
  if (bytes === 0) return undefined;
  return `about ${approximateQuantity(bytes)}, which takes ${formatDuration((bytes / rate) * 1000)} at ${approximateQuantity(rate)} in a second`;
}
