import { size } from "../schema-parts.ts";

const wholeKib = { minimum: "1KiB", multipleOf: "1KiB" } as const;

/** How much an interface may carry. */
const rates = {
  average: size("Bytes in a second, over a longer time.", ["10MiB"], wholeKib),
  burst: size("Bytes that may go faster at once.", ["64MiB"], wholeKib),
} as const;

/** `bandwidth` of an interface. */
export const bandwidthSchema = {
  type: "object",
  description: "Limits of what the interface carries, instead of those of the flavor (quota:vif_…). Changed while the guest runs.",
  additionalProperties: false,
  anyOf: [{ required: ["inbound"] }, { required: ["outbound"] }],
  expects: "inbound, outbound or both",
  properties: {
    inbound: {
      type: "object",
      description: "What the guest may receive.",
      additionalProperties: false,
      required: ["average"],
      properties: {
        ...rates,
        peak: size("Bytes in a second while burst lasts or the host has bandwidth to spare, at least the average.", ["20MiB"], wholeKib),
      },
      examples: [{ average: "10MiB", peak: "20MiB", burst: "64MiB" }],
    },
    outbound: {
      type: "object",
      description: "What the guest may send. Linux has no peak for it.",
      additionalProperties: false,
      required: ["average"],
      properties: rates,
      examples: [{ average: "10MiB" }],
    },
  },
  examples: [{ inbound: { average: "10MiB" }, outbound: { average: "5MiB", burst: "32MiB" } }],
} as const;
