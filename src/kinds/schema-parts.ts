import { quantityPattern } from "../model/quantity.ts";

// Beside the standard keywords, schemas use those of src/config/keywords.ts. Editors take them for annotations, so
// whatever a standard keyword can say is said by one as well.

/** What images, flavors and key pairs may be called. */
export const entryNames = {
  type: "string",
  pattern: "^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$",
  expects: "a name of at most 63 letters, digits, dots, underscores and hyphens that starts with a letter or digit",
} as const;

interface SizeSchema {
  readonly type: "string";
  readonly description: string;
  readonly pattern: typeof quantityPattern;
  readonly quantity: { readonly minimum?: string; readonly multipleOf?: string };
  readonly examples: readonly string[];
}

/** A size with a binary unit. `description` is for people in an editor. */
export function size(description: string, examples: readonly string[], bounds: SizeSchema["quantity"] = {}): SizeSchema {
  return {
    type: "string",
    description: `${description} A number with a binary unit: B, KiB, MiB, GiB or TiB.`,
    pattern: quantityPattern,
    quantity: bounds,
    examples,
  };
}

/** The same, with the value that holds when nothing is written. */
export function sizeOr(
  fallback: string,
  description: string,
  examples: readonly string[],
  bounds: SizeSchema["quantity"] = {},
): SizeSchema & { readonly default: string } {
  return { ...size(description, examples, bounds), default: fallback };
}
