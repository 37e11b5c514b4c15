import { cpuSetSchema } from "./cpu-set-schema.ts";

/** What an instance or a flavor says about CPUs of the host. */
export const pinningKeys = {
  cpu_pinning: {
    type: "object",
    description: "Host CPUs that each virtual CPU may run on, by the number of the virtual CPU, in quotes.",
    propertyNames: { type: "string", pattern: "^[0-9]{1,4}$", expects: "the number of a virtual CPU, in quotes" },
    additionalProperties: cpuSetSchema("CPUs of the host."),
    examples: [{ "0": "4", "1": "5" }],
  },
  emulator_pinning: cpuSetSchema("Host CPUs that the threads of the emulator may run on."),
} as const;
