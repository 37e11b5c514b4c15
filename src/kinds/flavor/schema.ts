import { size, sizeOr } from "../schema-parts.ts";

/** One entry of `flavors`: how large an instance is. */
export const flavorSchema = {
  type: "object",
  description: "How large an instance is: processors, memory, disks.",
  additionalProperties: false,
  required: ["vcpus", "ram", "disk"],
  properties: {
    vcpus: { type: "integer", description: "Number of virtual processors.", minimum: 1, maximum: 1024, examples: [1, 4] },
    ram: size("Memory of the guest.", ["2GiB", "512MiB"], { minimum: "1MiB", multipleOf: "1MiB" }),
    disk: size("Size of the root disk. 0GiB keeps the size that the image has.", ["20GiB", "0GiB"], { multipleOf: "1MiB" }),
    ephemeral: sizeOr(
      "0GiB",
      "Size of an additional disk with an empty filesystem. An instance may divide it into several with ephemerals.",
      ["20GiB"],
      { multipleOf: "1MiB" },
    ),
    swap: sizeOr(
      "0MiB",
      "Size of a swap disk. With another size, larger or smaller, it is made anew, and a running guest restarted for that.",
      ["512MiB"],
      { multipleOf: "1MiB" },
    ),
    extra_specs: {
      type: "object",
      description: "Further hints, as Nova's flavors have them. Values are strings.",
      additionalProperties: { type: "string", description: "The value of the hint.", maxLength: 255, examples: ["q35"] },
      examples: [{ "hw:boot_menu": "true" }],
    },
  },
} as const;
