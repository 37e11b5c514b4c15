import { addressKind } from "../model/address.ts";
import type { IgnoredDrift, Plan } from "../model/plan.ts";
import { presentationOf } from "../model/presentation.ts";
import { type Line, span } from "./style.ts";
import { formatValue } from "./value.ts";

/** Entries that are named; further ones are only counted. */
const mostNamed = 20;

/** Accepted drift, an entry per line below a title; nothing when there is none. */
export function ignoredLines({ ignored = [] }: Plan): Line[] {
  if (ignored.length === 0) return [];
  const more = ignored.length - mostNamed;
  return [
    [span("Accepted drift:", "faint")],
    ...ignored.slice(0, mostNamed).map((one): Line => [span("  - ", "faint"), ...ignoredLine(one)]),
    ...(more > 0 ? [[span(`  … and ${more} more`, "faint")]] : []),
  ];
}

/** `domain/web (memory 256MiB, expected 320MiB): reason`. */
export function ignoredLine({ address, fields, reason, until }: IgnoredDrift): Line {
  const { sizes = new Set<string>() } = presentationOf(addressKind(address));
  const found = fields.map(({ path, old, new: wanted, sensitive }) =>
    sensitive === true ? path : `${path} ${formatValue(path, old, sizes)}, expected ${formatValue(path, wanted, sizes)}`,
  );
  const what = found.length === 0 ? "" : ` (${found.join("; ")})`;
  return [span(`${address}${what}${until === undefined ? "" : ` until ${until}`}${reason === undefined ? "" : `: ${reason}`}`, "faint")];
}
