import type { Json } from "../model/json.ts";
import { formatQuantity } from "../model/quantity.ts";

const longest = 160;

/** Strings that would read as another type without quotes. */
const ambiguous = /^(true|false|null|none|yes|no|-?\d+(\.\d+)?)$/i;

/** One value of a field on one line. `undefined` is a field that is absent. `sizes`: last parts of the paths whose numbers are bytes. */
export function formatValue(path: string, value: Json | undefined, sizes: ReadonlySet<string>): string {
  if (value === undefined || value === null) return "(none)";
  if (typeof value === "number" && sizes.has(path.slice(path.lastIndexOf(".") + 1))) return formatQuantity(value);
  if (typeof value === "string") {
    const bare = value !== "" && value === value.trim() && !ambiguous.test(value) && !value.startsWith("(");
    return shorten(bare ? value : JSON.stringify(value));
  }
  return shorten(typeof value === "object" ? JSON.stringify(value) : String(value));
}

/** Whether a value is too much for one line. */
export function isLong(value: Json | undefined): value is string {
  return typeof value === "string" && (value.includes("\n") || value.length > longest);
}

function shorten(text: string): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}
