import { extraSpecs } from "../config/hardware/extra-specs.ts";
import { imageProperties } from "../config/hardware/image-properties.ts";
import { novaSchema } from "../config/hardware/nova-schema.ts";
import { hardwareKeys } from "../config/hardware/schema.ts";
import { size, sizeOr } from "../schema-parts.ts";

/** One entry of `flavors`: the size of an instance. */
export const flavorSchema = {
  type: "object",
  description: "Size of an instance: CPUs, memory and disks.",
  additionalProperties: false,
  required: ["vcpus", "ram", "disk"],
  synonyms: {
    memory: "ram",
    mem: "ram",
    memory_mb: "ram",
    cpus: "vcpus",
    cores: "vcpus",
    vcpu: "vcpus",
    size: "disk",
    root_disk: "disk",
    root_gb: "disk",
  },
  examples: [{ vcpus: 1, ram: "2GiB", disk: "20GiB" }],
  properties: {
    vcpus: { type: "integer", description: "Number of virtual CPUs.", minimum: 1, maximum: 1024, examples: [1, 4] },
    ram: size("Memory of the guest.", ["2GiB", "512MiB"], { minimum: "1MiB", multipleOf: "1MiB" }),
    disk: size("Size of the root disk. 0GiB: the size of the image.", ["20GiB", "0GiB"], { multipleOf: "1MiB" }),
    ephemeral: sizeOr(
      "0GiB",
      "Size of an additional disk with an empty filesystem. An instance can split it into several disks with ephemerals.",
      ["20GiB"],
      { multipleOf: "1MiB" },
    ),
    swap: sizeOr("0MiB", "Size of the swap disk. Changing the size recreates the disk and restarts a running guest.", ["512MiB"], {
      multipleOf: "1MiB",
    }),
    extra_specs: {
      ...novaSchema(extraSpecs, imageProperties, {
        noun: "extra spec",
        description: "Extra specs of Nova flavors; docs/nova-keys.md lists them. Values are strings.",
        otherPlace: "an image property",
      }),
      examples: [{ "hw:boot_menu": "true" }],
    },
    ...hardwareKeys,
  },
} as const;
