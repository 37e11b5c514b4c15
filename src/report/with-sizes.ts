import type { Json } from "../model/json.ts";
import { formatQuantity, parseQuantity } from "../model/quantity.ts";

/**
 * A state with sizes as text: `128MiB`, and `13.5MiB (14190528 bytes)` where no unit divides the number. `sizes`: last parts of the names of fields
 * whose numbers, or whose values of either definition (`{ active, stored }`), are bytes. Pure.
 */
export function withSizes(state: Json, sizes: ReadonlySet<string>, isSize = false): Json {
  if (typeof state === "number") return isSize ? sizeText(state) : state;
  if (Array.isArray(state)) return state.map((item) => withSizes(item as Json, sizes));
  if (typeof state !== "object" || state === null) return state;
  return Object.fromEntries(
    Object.entries(state).map(([name, value]) => {
      const below = isSize && (name === "active" || name === "stored");
      return [name, withSizes(value as Json, sizes, below || sizes.has(name.slice(name.lastIndexOf(".") + 1)))];
    }),
  );
}

function sizeText(bytes: number): string {
  const text = formatQuantity(bytes);
  return parseQuantity(text) === bytes ? text : `${text} (${bytes} bytes)`;
}
