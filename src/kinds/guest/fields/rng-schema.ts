import { whole } from "../../schema-parts.ts";

/** `rng` of an instance or a flavor. */
export const rngSchema = {
  type: "object",
  description: "Random number generator of the guest. Default: enabled, without a limit.",
  additionalProperties: false,
  dependentRequired: { rate_period: ["rate_bytes"] },
  properties: {
    enabled: { type: "boolean", description: "Whether the guest has one. Extra spec: hw_rng:allowed.", default: true, examples: [false] },
    rate_bytes: whole("Most bytes that it gives in each period. Extra spec: hw_rng:rate_bytes.", 1, 2 ** 31),
    rate_period: whole("Length of the period in milliseconds. Default: 1000. Extra spec: hw_rng:rate_period.", 1, 2 ** 31),
  },
  examples: [{ rate_bytes: 1024 }],
} as const;
