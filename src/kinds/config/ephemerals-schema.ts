import { size } from "../schema-parts.ts";

/** `ephemerals` of an instance. */
export const ephemeralsSchema = {
  type: "array",
  description:
    "Additional disks with empty filesystems, labelled by their names, else ephemeral0, ephemeral1, …. Their total must not exceed the flavor's ephemeral size. Without this key, one disk has that whole size.",
  items: {
    type: "object",
    description: "One additional disk, created and deleted with the instance.",
    additionalProperties: false,
    required: ["size"],
    properties: {
      name: {
        type: "string",
        description:
          "Name of the disk within the instance, and the label of its filesystem (the first 11 characters). A named disk stays the same when others come before it or go. Without a name it is known by its position. Giving a name to an existing disk, or removing it, keeps the disk.",
        pattern: "^[a-z0-9][a-z0-9-]{0,30}$",
        expects: "lower-case letters, digits and dashes, starting with a letter or digit, at most 31",
        examples: ["scratch"],
      },
      size: size("Size of the disk.", ["10GiB"], { minimum: "1MiB", multipleOf: "1MiB" }),
      format: {
        type: "string",
        description:
          "Filesystem to create. Changing it recreates the disk. Default: default_ephemeral_format of host, else ext4 for Linux images, ntfs for Windows images and vfat for others; a change of the default does not affect existing disks.",
        enum: ["ext4", "ext3", "ext2", "xfs", "vfat", "ntfs"],
        examples: ["ext4"],
      },
      boot_index: {
        type: "integer",
        description: "Boot order; 1 follows the root disk. -1: not bootable (the default).",
        minimum: -1,
        examples: [1],
      },
    },
  },
  maxItems: 16,
  examples: [[{ name: "scratch", size: "5GiB", format: "ext4" }, { size: "5GiB" }]],
} as const;
