/** `inject` of an instance: first-boot data is written into the root disk (Nova INJ-01 … INJ-14, `inject_partition`). */
export const injectSchema = {
  type: "object",
  description:
    "Writes files, the key, static addresses, metadata and root's password into the file system of the root disk before the first boot, instead of a config drive: for images without cloud-init. libguestfs has to be installed on the host. Changes take effect in new root disks only.",
  additionalProperties: false,
  required: ["partition"],
  expects: "{ partition: inspect | none | N }",
  examples: [{ partition: "inspect" }, { partition: 1 }],
  properties: {
    partition: {
      description:
        "Where the root file system is: `inspect` lets libguestfs find the operating system (with an image that has a kernel: the whole disk), `none` is the whole disk, a number that partition.",
      anyOf: [
        {
          type: "string",
          enum: ["inspect", "none"],
          meanings: { inspect: "libguestfs finds the operating system.", none: "The file system is the whole disk, without partitions." },
        },
        { type: "integer", minimum: 1, maximum: 128 },
      ],
      expects: "inspect, none or the number of a partition",
      examples: ["inspect", 1],
    },
  },
} as const;
