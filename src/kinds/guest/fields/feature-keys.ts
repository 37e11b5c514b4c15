/** What an instance or a flavor says about features of the hypervisor. */
export const featureKeys = {
  hyperv: {
    type: "boolean",
    description: "Whether the guest sees the features of Hyper-V that Windows uses. Default: for os_type windows on KVM.",
    examples: [true],
  },
  hide_hypervisor: {
    type: "boolean",
    description: "Hides from the guest that it runs on KVM. Property: img_hide_hypervisor_id.",
    examples: [true],
  },
  pmu: {
    type: "boolean",
    description: "Whether the guest has a performance monitoring unit. Default: as QEMU has it. Property: hw_pmu.",
    examples: [false],
  },
  hpet: {
    type: "boolean",
    description: "Whether the guest has an HPET timer, on KVM. Default: false. Property: hw_time_hpet.",
    examples: [true],
  },
} as const;
