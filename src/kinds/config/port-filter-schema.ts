/** Names of security groups. */
export const groupNames = {
  type: "array",
  items: { type: "string", description: "Name of an entry of security_groups.", reference: "security_groups", examples: ["web"] },
  uniqueItems: true,
  maxItems: 20,
  examples: [["web"], ["web", "ssh"]],
} as const;

/** Who filters what goes through interfaces. */
export const portFilters = {
  type: "string",
  enum: ["on", "external", "none"],
  meanings: {
    on: "The guest sends from its own MAC and IP addresses only, and its security groups say which connections are allowed. Needs security_groups.",
    external: "Another program filters. A filter that it sets in the definition stays.",
    none: "Nothing is filtered. A filter in the definition is removed.",
  },
  examples: ["none"],
} as const;
