/** `hostdevs` of an instance. */
export const hostdevsSchema = {
  type: "array",
  description: "Devices of the host that the guest gets. A device can be in one running guest at a time.",
  maxItems: 32,
  items: {
    type: "object",
    description: "One device, by exactly one of pci, usb and mdev.",
    additionalProperties: false,
    oneOf: [{ required: ["pci"] }, { required: ["usb"] }, { required: ["mdev"] }],
    expects: "exactly one of pci, usb and mdev",
    properties: {
      pci: {
        type: "string",
        description: "Address of a PCI device.",
        pattern: "^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]$",
        expects: "a PCI address in lower case, such as 0000:03:00.0",
        unique: true,
        examples: ["0000:03:00.0"],
      },
      usb: {
        type: "string",
        description: "Vendor and product of a USB device.",
        pattern: "^[0-9a-f]{4}:[0-9a-f]{4}$",
        expects: "vendor and product in lower case, such as 046d:c52b",
        unique: true,
        examples: ["046d:c52b"],
      },
      mdev: {
        type: "string",
        description: "UUID of a mediated device.",
        pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        expects: "a uuid in lower case",
        unique: true,
        examples: ["c2177883-f1bb-47f0-914d-32a22e3a8804"],
      },
    },
  },
  examples: [[{ pci: "0000:03:00.0" }]],
} as const;
