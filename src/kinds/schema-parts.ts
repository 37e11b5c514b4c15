import { quantityPattern } from "../model/quantity.ts";

// Beside the standard keywords, schemas use those of src/config/keywords.ts. Editors ignore them, so standard keywords
// express as much as they can.

/** Names of images, flavors, key pairs and volumes. */
export const entryNames = {
  type: "string",
  pattern: "^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$",
  expects: "a name of at most 63 letters, digits, dots, underscores and hyphens that starts with a letter or digit",
} as const;

export interface SizeSchema {
  readonly type: "string";
  readonly description: string;
  readonly pattern: typeof quantityPattern;
  readonly quantity: { readonly minimum?: string; readonly multipleOf?: string };
  readonly examples: readonly string[];
}

/** A size with a binary unit: text in the file, bytes once loaded. */
export function size(description: string, examples: readonly string[], bounds: SizeSchema["quantity"] = {}): SizeSchema {
  return {
    type: "string",
    description: `${description} A number with a binary unit: B, KiB, MiB, GiB or TiB.`,
    pattern: quantityPattern,
    quantity: bounds,
    examples,
  };
}

/** A size with a default. */
export function sizeOr(
  fallback: string,
  description: string,
  examples: readonly string[],
  bounds: SizeSchema["quantity"] = {},
): SizeSchema & { readonly default: string } {
  return { ...size(description, examples, bounds), default: fallback };
}
