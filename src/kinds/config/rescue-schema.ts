/** `rescue` of an instance. */
export const rescueSchema = {
  description:
    "Boots the instance from a new disk with its own disks attached, for repairs. true: the disk is made from the instance's image. { image: NAME }: from another image. Entering and leaving rescue restarts a running guest; the rescue disk is deleted on leaving.",
  anyOf: [
    { type: "boolean" },
    {
      type: "object",
      additionalProperties: false,
      required: ["image"],
      properties: {
        image: {
          type: "string",
          description:
            "Image to boot: a name from images. With its properties hw_rescue_device (disk or cdrom) and hw_rescue_bus, the other disks keep their device names.",
          reference: "images",
          examples: ["debian-13"],
        },
      },
    },
  ],
  expects: "true, false or { image: NAME }",
  default: false,
  examples: [true, { image: "debian-13" }],
} as const;
