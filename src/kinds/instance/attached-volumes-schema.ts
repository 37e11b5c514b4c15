/** `volumes` of an instance. */
export const attachedVolumesSchema = {
  type: "array",
  description: "Volumes to attach, in this order. Volumes are kept when the instance is deleted.",
  items: {
    type: "object",
    description: "One volume to attach as a disk.",
    synonyms: { name: "volume", id: "volume", device_name: "device" },
    examples: [{ volume: "data" }],
    additionalProperties: false,
    required: ["volume"],
    properties: {
      volume: {
        type: "string",
        description: "Name of an entry of volumes. A volume can be attached to one instance at a time.",
        reference: "volumes",
        unique: true,
        examples: ["data"],
      },
      device: {
        type: "string",
        description:
          "Device name, which also selects the bus: vd for virtio, sd for SCSI, hd for IDE (i440FX machines only, at most four). Default: the next free name, which an attached volume keeps. The guest may use a different name.",
        pattern: "^((vd|sd)[a-z]{1,2}|hd[a-d])$",
        expects: "the name of a disk, such as vdb, sda or, up to hdd, hda",
        examples: ["vdb"],
      },
      boot_index: {
        type: "integer",
        description:
          "Boot order. 0: the root disk of an instance without an image; the properties of the volume's image then apply to the instance. 1 and up follow the root disk. -1: not bootable (the default).",
        minimum: -1,
        examples: [0, 1],
      },
    },
  },
  maxItems: 26,
  examples: [[{ volume: "data" }], [{ volume: "data", device: "vdb" }]],
} as const;
