import { whole } from "../../schema-parts.ts";

/** `cpu` of an instance or a flavor. */
export const cpuSchema = {
  type: "object",
  description: "Processor of the guest.",
  additionalProperties: false,
  properties: {
    mode: {
      type: "string",
      description:
        "Where the processor comes from. Default: host-model on x86, host-passthrough elsewhere, maximum without KVM; custom with a model.",
      enum: ["host-model", "host-passthrough", "maximum", "custom"],
      meanings: {
        "host-model": "The model of libvirt that is nearest to the processor of the host.",
        "host-passthrough": "The processor of the host as it is.",
        maximum: "Every feature that the hypervisor can give.",
        custom: "The processor that `model` names.",
      },
      examples: ["host-passthrough"],
    },
    model: {
      type: "string",
      description: "Named processor, such as Skylake-Server or EPYC; requires mode custom, or no mode.",
      pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
      expects: "the name of a processor as libvirt knows it",
      examples: ["Nehalem"],
    },
    features: {
      type: "object",
      description: "Processor features, each with what holds for it.",
      propertyNames: { type: "string", pattern: "^[a-z0-9][a-z0-9_.-]{0,63}$", expects: "the name of a processor feature" },
      additionalProperties: {
        type: "string",
        description: "What holds for the feature.",
        enum: ["require", "disable", "force", "optional", "forbid"],
        meanings: {
          require: "The guest has it, and the host must.",
          disable: "The guest does not have it.",
          force: "The guest has it, also if the host lacks it.",
          optional: "The guest has it if the host does.",
          forbid: "The guest does not have it, and is not started on a host that has it.",
        },
        examples: ["require"],
      },
      examples: [{ vmx: "disable" }],
    },
    topology: {
      type: "object",
      description:
        "How the virtual CPUs are arranged. The counts that are not given follow from the number of virtual CPUs. Default: one socket for each.",
      additionalProperties: false,
      properties: {
        sockets: whole("Sockets.", 1, 1024),
        cores: whole("Cores of each socket.", 1, 1024),
        threads: whole("Threads of each core.", 1, 1024),
        max_sockets: whole("Most sockets.", 1, 1024),
        max_cores: whole("Most cores of each socket.", 1, 1024),
        max_threads: whole("Most threads of each core.", 1, 1024),
      },
      examples: [{ sockets: 1 }, { cores: 2, threads: 2 }],
    },
    address_mode: {
      type: "string",
      description: "Where the number of bits of a physical address comes from. Property: hw_maxphysaddr_mode.",
      enum: ["passthrough", "emulate"],
      meanings: { passthrough: "As many as the host has.", emulate: "As many as `address_bits` says." },
      examples: ["passthrough"],
    },
    address_bits: whole("Bits of a physical address, with address_mode: emulate. Property: hw_maxphysaddr_bits.", 1, 64),
  },
  examples: [{ model: "Nehalem", topology: { sockets: 1 } }],
} as const;
