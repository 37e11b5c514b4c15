/** What an instance or a flavor says about the firmware. */
export const firmwareKeys = {
  firmware: {
    type: "string",
    description: "Firmware of the guest. Property: hw_firmware_type.",
    enum: ["bios", "uefi"],
    meanings: {
      bios: "The BIOS of a PC.",
      uefi: "OVMF, which the host needs. The UEFI variables are kept with the instance and deleted with it.",
    },
    examples: ["uefi"],
  },
  secure_boot: {
    type: "boolean",
    description:
      "With firmware: uefi, starts only boot loaders that are signed with Microsoft's keys. Requires machine q35. Property: os_secure_boot.",
    examples: [true],
  },
} as const;
