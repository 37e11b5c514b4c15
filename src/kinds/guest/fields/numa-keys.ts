import { size, whole } from "../../schema-parts.ts";
import { cpuSetSchema } from "./cpu-set-schema.ts";

/** What an instance or a flavor says about NUMA nodes. */
export const numaKeys = {
  numa_nodes: whole("NUMA nodes of the guest, of equal size. Property: hw_numa_nodes.", 1, 128),
  numa: {
    type: "array",
    description: "NUMA nodes of the guest, in order. Together they have each virtual CPU once, and the memory of the flavor.",
    maxItems: 128,
    items: {
      type: "object",
      description: "One NUMA node.",
      additionalProperties: false,
      required: ["cpus", "memory"],
      properties: {
        cpus: cpuSetSchema("Its virtual CPUs. Property: hw_numa_cpus.N."),
        memory: size("Its memory. Property: hw_numa_mem.N.", ["1GiB"], { minimum: "1MiB", multipleOf: "1MiB" }),
      },
    },
    examples: [[{ cpus: "0-1", memory: "1GiB" }]],
  },
} as const;
