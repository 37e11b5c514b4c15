const units: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, PiB: 2 ** 50 };
const names = ["PiB", "TiB", "GiB", "MiB", "KiB"] as const;

/** What a size looks like, for the schema and for messages. */
export const quantityPattern = "^(0|[1-9][0-9]*)(\\.[0-9]+)?(B|KiB|MiB|GiB|TiB|PiB)$";

/**
 * Bytes of a size with a binary unit, such as `20GiB` or `1.5TiB`. Undefined when it is not one, or not a whole,
 * exactly representable number of bytes.
 */
export function parseQuantity(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB|TiB|PiB)$/.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * (units[match[2] ?? ""] ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A size for people to compare with another or to watch growing: three digits at most matter, `15.4GiB`, `118MiB`. */
export function approximateQuantity(bytes: number): string {
  const ascending = ["B", ...names.toReversed()];
  let value = bytes;
  let unit = 0;
  while (value >= 1023.5 && unit < ascending.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits).replace(/\.0$/, "")}${ascending[unit]}`;
}

/** A size for people, exact where a unit divides it (`20GiB`), else approximate (`1.3GiB`). */
export function formatQuantity(bytes: number): string {
  if (bytes === 0) return "0B";
  for (const name of names) {
    const unit = units[name] ?? 1;
    if (bytes % unit === 0) return `${bytes / unit}${name}`;
  }
  return approximateQuantity(bytes);
}
