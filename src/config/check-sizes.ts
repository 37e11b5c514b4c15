import { formatQuantity, parseQuantity } from "../model/quantity.ts";
import { quoted } from "../model/quoted.ts";
import { describePointer, type Problem } from "./problem.ts";
import type { Visit } from "./walk.ts";

const binary: Readonly<Record<string, string>> = { k: "KiB", m: "MiB", g: "GiB", t: "TiB", p: "PiB" };

/** Whether a size is a number with a binary unit and within its bounds. */
export function checkSize({ schema, value, pointer }: Visit): Problem | undefined {
  if (schema.quantity === undefined) return undefined;
  const where = describePointer(pointer);
  const wrong = (code: string, summary: string, detail: string): Problem => ({ code, summary, detail, pointer, of: "value" });
  const bare = typeof value === "number" ? value : typeof value === "string" && /^\d+$/.test(value) ? Number(value) : undefined;
  if (bare !== undefined) {
    const example = Number.isInteger(bare) && bare >= 0 ? bare : 1;
    return wrong(
      "size-without-unit",
      "The size has no unit",
      `${where} is the bare number ${bare}. Sizes need a binary unit, for example ${example}${example > 0 && example < 128 ? "GiB" : "MiB"}.`,
    );
  }
  if (typeof value !== "string")
    return wrong("wrong-type", "Expected a size", `${where} must be a number with a binary unit, such as 512MiB or 20GiB.`);
  const bytes = parseQuantity(value);
  if (bytes === undefined) {
    const meant = meantSize(value);
    return wrong(
      "not-a-size",
      `${quoted(value)} is not a size`,
      `${where} must be a number with a binary unit (B, KiB, MiB, GiB, TiB).${meant === undefined ? " For example 20GiB." : ` Did you mean ${meant}?`}`,
    );
  }
  const minimum = parseQuantity(schema.quantity.minimum ?? "0B") ?? 0;
  if (bytes < minimum) return wrong("size-too-small", `${value} is too small`, `${where} must be at least ${formatQuantity(minimum)}.`);
  const step = parseQuantity(schema.quantity.multipleOf ?? "1B") ?? 1;
  if (bytes % step !== 0)
    return wrong(
      "size-not-multiple",
      `${value} is not a multiple of ${formatQuantity(step)}`,
      `${where} must be a multiple of ${formatQuantity(step)}.`,
    );
  return undefined;
}

function meantSize(text: string): string | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgtp])(?:i?b)?\s*$/i.exec(text);
  const size = match === null ? undefined : `${match[1]}${binary[match[2]?.toLowerCase() ?? ""]}`;
  return size !== undefined && parseQuantity(size) !== undefined ? size : undefined;
}
