/** `config_drive` of an instance. */
export const configDriveSchema = {
  description:
    "Read-only drive with host name, keys and user data, read by cloud-init. There is no metadata service, so the drive is the only source of this data. An instance with inject has none.",
  anyOf: [
    { type: "boolean" },
    {
      type: "object",
      additionalProperties: false,
      required: ["format"],
      properties: {
        format: {
          type: "string",
          description: "Filesystem of the drive, and whose files are on it.",
          enum: ["iso9660", "vfat", "nocloud"],
          meanings: {
            iso9660: "A CD with OpenStack's files.",
            vfat: "A disk with them, for guests without CD support.",
            nocloud: "A CD named cidata with meta-data, user-data and network-config, for cloud-init's NoCloud data source.",
          },
          examples: ["vfat", "nocloud"],
        },
      },
    },
  ],
  expects: "true, false or { format: iso9660 | vfat | nocloud }",
  default: true,
  examples: [false, { format: "vfat" }, { format: "nocloud" }],
} as const;
