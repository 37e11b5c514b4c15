/** `domain_xml` of an instance. */
export const domainPatchSchema = {
  type: "object",
  description:
    "Settings of the guest's definition in libvirt that no other key has. They are written last, compared in each plan, and removed again when they are no longer here.",
  additionalProperties: false,
  anyOf: [{ required: ["merge"] }, { required: ["remove"] }],
  expects: "merge or remove",
  properties: {
    merge: {
      type: "string",
      description:
        "XML that could be inside <domain>. Elements that exist are changed, others are added. Devices are found by target, MAC address, name, type and index, or by an alias that begins with ua-.",
      maxLength: 65_536,
      examples: ["<devices><watchdog model='i6300esb' action='reset'/></devices>"],
    },
    remove: {
      type: "array",
      description: "Paths of elements and attributes that are removed.",
      maxItems: 100,
      items: { type: "string", minLength: 1, maxLength: 1024, examples: ["devices/controller[@type=usb][@index=0]"] },
      examples: [["devices/controller[@type=usb][@index=0]"]],
    },
  },
  examples: [{ merge: "<devices><watchdog model='i6300esb' action='reset'/></devices>" }],
} as const;
