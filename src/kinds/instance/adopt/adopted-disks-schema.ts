import { layeredFormat } from "../../../tools/image-format.ts";

/** `disks` of an instance. */
export const adoptedDisksSchema = {
  type: "array",
  description: "Disks and CD drives of an adopted instance. Those that are not listed are left as they are.",
  items: {
    type: "object",
    description:
      "One disk or CD drive that an adopted instance has. Its file or device is attached; it is never created, changed or deleted.",
    additionalProperties: false,
    required: ["device"],
    properties: {
      device: {
        type: "string",
        description: "Device name in the definition. It tells which disk is meant.",
        pattern: "^[a-z]{2,3}[a-z0-9]{1,12}$",
        expects: "the name of a disk, such as vda, sda or hda",
        examples: ["vda"],
      },
      path: {
        type: "string",
        description:
          "Absolute path of the file or block device (below /dev). Another path gives the guest another disk; the file before stays. Without it the source is left as it is.",
        pattern: "^/.*[^/]$",
        maxLength: 4096,
        expects: "an absolute path of a file or a device",
        examples: ["/var/lib/libvirt/images/web.qcow2"],
      },
      format: {
        type: "string",
        description: "Format of the file. Without it the format is left as it is.",
        enum: ["raw", layeredFormat],
        examples: [layeredFormat],
      },
      bus: {
        type: "string",
        description: "Bus that the disk is attached to. Without it the bus is left as it is.",
        enum: ["virtio", "scsi", "sata", "ide", "usb"],
        examples: ["virtio"],
      },
      type: {
        type: "string",
        description: "What the guest sees.",
        enum: ["disk", "cdrom"],
        meanings: { disk: "A disk.", cdrom: "A CD drive, which may be empty (no path)." },
        default: "disk",
        examples: ["cdrom"],
      },
    },
  },
  maxItems: 64,
  examples: [[{ device: "vda", path: "/var/lib/libvirt/images/web.qcow2", format: layeredFormat, bus: "virtio" }]],
} as const;
