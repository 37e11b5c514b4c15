/** What an instance or a flavor says about devices other than disks, network cards and displays. */
export const deviceKeys = {
  pointer: {
    type: "string",
    description: "Pointer of the guest. Default: usbtablet. Property: hw_pointer_model.",
    enum: ["usbtablet", "ps2mouse"],
    meanings: { usbtablet: "A tablet, whose pointer is where that of the viewer is.", ps2mouse: "The mouse that a PC has." },
    examples: ["ps2mouse"],
  },
  input_bus: {
    type: "string",
    description: "Bus of the pointer and keyboard. Default: usb. Property: hw_input_bus.",
    enum: ["usb", "virtio"],
    examples: ["virtio"],
  },
  guest_agent: {
    type: "boolean",
    description: "Whether the guest has a channel for the guest agent. Default: true. Property: hw_qemu_guest_agent.",
    examples: [false],
  },
  viommu: {
    type: "string",
    description: "IOMMU of the guest. Property: hw_viommu_model.",
    enum: ["intel", "virtio", "smmuv3"],
    meanings: { intel: "Intel VT-d. Requires machine q35.", virtio: "A paravirtual device.", smmuv3: "ARM SMMUv3. Requires machine virt." },
    examples: ["intel"],
  },
  sound: {
    type: "string",
    description: "Sound card. Default: none. Property: hw_sound_model.",
    enum: ["ich6", "ich9", "ac97", "es1370", "sb16", "usb"],
    examples: ["ich9"],
  },
} as const;
