import { quantityPattern } from "../model/quantity.ts";

// Beside the standard keywords, schemas use those of src/config/keywords.ts. Editors ignore them, so standard keywords
// express as much as they can.

/** Names of images, flavors, key pairs and volumes. */
export const entryNames = {
  type: "string",
  pattern: "^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$",
  expects: "a name of at most 63 letters, digits, dots, underscores and hyphens that starts with a letter or digit",
} as const;

/** The form of an IP address. Whether it is one is checked where it is used. */
export const ipAddress = { pattern: "^[0-9a-fA-F:.]{2,45}$", expects: "an IPv4 or IPv6 address" } as const;

/** The form of the MAC address of one machine. */
export const macAddress = {
  pattern: "^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$",
  expects: "six pairs of lower-case hex digits with colons, the first one even (not a multicast address)",
} as const;

/** The form of the name of a bridge. Linux allows 15 characters. */
export const bridgeName = { pattern: "^[^\\s/:]{1,15}$", expects: "the name of a bridge device, at most 15 characters" } as const;

/** Schema of a size. */
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

/** A whole number from `minimum` to `maximum`. */
export function whole(description: string, minimum: number, maximum: number) {
  return { type: "integer", description, minimum, maximum, examples: [Math.max(minimum, 1)] } as const;
}
