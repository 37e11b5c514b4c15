import { ipAddress } from "../schema-parts.ts";

/** One of several IP addresses. */
export function fixedAddressSchema<const Example extends string>(example: Example) {
  return {
    type: "string",
    description: "An IPv4 or IPv6 address.",
    ...ipAddress,
    notCounted: true,
    examples: [example],
  } as const;
}
