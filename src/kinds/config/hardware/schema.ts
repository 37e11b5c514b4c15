import { size } from "../../schema-parts.ts";

const cpuSet = (description: string) =>
  ({
    type: "string",
    description,
    pattern: "^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$",
    expects: "a list of CPUs in quotes, such as '0-3,8'",
    examples: ["0-3,8"],
  }) as const;

const number = (description: string, minimum: number, maximum: number) =>
  ({ type: "integer", description, minimum, maximum, examples: [Math.max(minimum, 1)] }) as const;

/** The keys by which an instance or a flavor describes the hardware of a guest. Each has the same meaning at both places. */
export const hardwareKeys = {
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
  tpm: {
    type: "object",
    description: "A TPM (swtpm, which the host needs). Its state is deleted with the guest. Properties: hw_tpm_version, hw_tpm_model.",
    additionalProperties: false,
    required: ["version"],
    properties: {
      version: { type: "string", description: "Version of the TPM, in quotes.", enum: ["1.2", "2.0"], examples: ["2.0"] },
      model: {
        type: "string",
        description: "Model of the device. Default: tpm-crb for version 2.0 on x86, else tpm-tis.",
        enum: ["tpm-tis", "tpm-crb"],
        examples: ["tpm-crb"],
      },
    },
    examples: [{ version: "2.0" }],
  },
  cpu: {
    type: "object",
    description: "Processor of the guest.",
    additionalProperties: false,
    properties: {
      mode: {
        type: "string",
        description:
          "Where the processor comes from. Default: host-model on x86, host-passthrough elsewhere, maximum without KVM; custom with a model.",
        enum: ["host-model", "host-passthrough", "maximum", "custom"],
        meanings: {
          "host-model": "The model of libvirt that is nearest to the processor of the host.",
          "host-passthrough": "The processor of the host as it is.",
          maximum: "Every feature that the hypervisor can give.",
          custom: "The processor that `model` names.",
        },
        examples: ["host-passthrough"],
      },
      model: {
        type: "string",
        description: "Named processor, such as Skylake-Server or EPYC; requires mode custom, or no mode.",
        pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        expects: "the name of a processor as libvirt knows it",
        examples: ["Nehalem"],
      },
      features: {
        type: "object",
        description: "Processor features, each with what holds for it.",
        propertyNames: { type: "string", pattern: "^[a-z0-9][a-z0-9_.-]{0,63}$", expects: "the name of a processor feature" },
        additionalProperties: {
          type: "string",
          description: "What holds for the feature.",
          enum: ["require", "disable", "force", "optional", "forbid"],
          meanings: {
            require: "The guest has it, and the host must.",
            disable: "The guest does not have it.",
            force: "The guest has it, also if the host lacks it.",
            optional: "The guest has it if the host does.",
            forbid: "The guest does not have it, and is not started on a host that has it.",
          },
          examples: ["require"],
        },
        examples: [{ vmx: "disable" }],
      },
      topology: {
        type: "object",
        description:
          "How the virtual CPUs are arranged. The counts that are not given follow from the number of virtual CPUs. Default: one socket for each.",
        additionalProperties: false,
        properties: {
          sockets: number("Sockets.", 1, 1024),
          cores: number("Cores of each socket.", 1, 1024),
          threads: number("Threads of each core.", 1, 1024),
          max_sockets: number("Most sockets.", 1, 1024),
          max_cores: number("Most cores of each socket.", 1, 1024),
          max_threads: number("Most threads of each core.", 1, 1024),
        },
        examples: [{ sockets: 1 }, { cores: 2, threads: 2 }],
      },
      address_mode: {
        type: "string",
        description: "Where the number of bits of a physical address comes from. Property: hw_maxphysaddr_mode.",
        enum: ["passthrough", "emulate"],
        meanings: { passthrough: "As many as the host has.", emulate: "As many as `address_bits` says." },
        examples: ["passthrough"],
      },
      address_bits: number("Bits of a physical address, with address_mode: emulate. Property: hw_maxphysaddr_bits.", 1, 64),
    },
    examples: [{ model: "Nehalem", topology: { sockets: 1 } }],
  },
  machine: {
    type: "string",
    description: "Machine type: an alias such as q35, or a version such as pc-q35-7.2. Default: q35 on x86_64. Property: hw_machine_type.",
    pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
    expects: "the name of a machine type, such as q35",
    examples: ["q35"],
  },
  max_vcpus: number("Most virtual CPUs; the guest starts with vcpus of its flavor. Default: vcpus.", 1, 1024),
  max_ram: size("Most memory; the guest starts with ram of its flavor, and its balloon holds the rest. Default: ram.", ["4GiB"], {
    minimum: "1MiB",
    multipleOf: "1MiB",
  }),
  numa_nodes: number("NUMA nodes of the guest, of equal size. Property: hw_numa_nodes.", 1, 128),
  numa: {
    type: "array",
    description: "NUMA nodes of the guest, in order. Together they have each virtual CPU once, and the memory of the flavor.",
    maxItems: 128,
    items: {
      type: "object",
      description: "One NUMA node.",
      additionalProperties: false,
      required: ["cpus", "memory"],
      properties: {
        cpus: cpuSet("Its virtual CPUs. Property: hw_numa_cpus.N."),
        memory: size("Its memory. Property: hw_numa_mem.N.", ["1GiB"], { minimum: "1MiB", multipleOf: "1MiB" }),
      },
    },
    examples: [[{ cpus: "0-1", memory: "1GiB" }]],
  },
  cpu_pinning: {
    type: "object",
    description: "Host CPUs that each virtual CPU may run on, by the number of the virtual CPU, in quotes.",
    propertyNames: { type: "string", pattern: "^[0-9]{1,4}$", expects: "the number of a virtual CPU, in quotes" },
    additionalProperties: cpuSet("CPUs of the host."),
    examples: [{ "0": "4", "1": "5" }],
  },
  emulator_pinning: cpuSet("Host CPUs that the threads of the emulator may run on."),
  huge_pages: {
    type: "string",
    description: "Keeps the memory in huge pages of the host: default, or their size. Property: hw_mem_page_size.",
    pattern: "^(default|[1-9][0-9]*(KiB|MiB|GiB))$",
    expects: "default, or a size such as 2MiB or 1GiB",
    examples: ["2MiB"],
  },
  locked_memory: { type: "boolean", description: "Keeps the memory from being swapped. Property: hw_locked_memory.", examples: [true] },
  quota: {
    type: "object",
    description: "Limits of what the guest may use. Extra specs: quota:KEY.",
    additionalProperties: false,
    properties: {
      cpu_shares: number("Weight of the guest when CPUs are scarce.", 2, 262_144),
      cpu_period: number("Length in µs of the period that cpu_quota is for.", 1000, 1_000_000),
      cpu_quota: number("µs that each virtual CPU may use in a period.", 1000, 2 ** 40),
      disk_read_bytes_sec: number("Most bytes that are read from each disk in a second.", 0, 10 ** 15),
      disk_write_bytes_sec: number("Most bytes that are written to each disk in a second.", 0, 10 ** 15),
      disk_total_bytes_sec: number("Most bytes that are read and written of each disk in a second.", 0, 10 ** 15),
      disk_read_iops_sec: number("Most read operations of each disk in a second.", 0, 10 ** 15),
      disk_write_iops_sec: number("Most write operations of each disk in a second.", 0, 10 ** 15),
      disk_total_iops_sec: number("Most operations of each disk in a second.", 0, 10 ** 15),
      vif_inbound_average: number("KiB per second that each network card receives on average.", 1, 2 ** 32),
      vif_inbound_peak: number("KiB per second that each network card receives at most.", 1, 2 ** 32),
      vif_inbound_burst: number("KiB that each network card receives at its peak rate.", 1, 2 ** 32),
      vif_outbound_average: number("KiB per second that each network card sends on average.", 1, 2 ** 32),
      vif_outbound_peak: number("KiB per second that each network card sends at most.", 1, 2 ** 32),
      vif_outbound_burst: number("KiB that each network card sends at its peak rate.", 1, 2 ** 32),
    },
    examples: [{ cpu_shares: 512 }],
  },
  disk_bus: {
    type: "string",
    description: "Bus of disks. Default: virtio. Property: hw_disk_bus.",
    enum: ["virtio", "scsi", "sata", "ide", "usb"],
    examples: ["scsi"],
  },
  cdrom_bus: {
    type: "string",
    description: "Bus of CD drives. Default: by the machine type. Property: hw_cdrom_bus.",
    enum: ["scsi", "sata", "ide", "usb"],
    examples: ["sata"],
  },
  scsi_model: {
    type: "string",
    description: "Model of the SCSI controller, for guests with disks on scsi. Default: virtio-scsi. Property: hw_scsi_model.",
    enum: ["virtio-scsi", "lsilogic", "lsisas1068", "lsisas1078", "vmpvscsi", "ibmvscsi", "buslogic"],
    examples: ["lsilogic"],
  },
  vif_multiqueue: {
    type: "boolean",
    description: "Gives each virtio network card a queue for each virtual CPU, at most 8. Property: hw_vif_multiqueue_enabled.",
    examples: [true],
  },
  packed_ring: {
    type: "boolean",
    description: "Packed queues of virtio disks and network cards. Property: hw_virtio_packed_ring.",
    examples: [true],
  },
  serial_ports: number("Serial ports; the first has the console log. Default: 1. Property: hw_serial_port_count.", 0, 4),
  graphics: {
    type: "object",
    description: "Display of the guest. Default: VNC that listens on 127.0.0.1.",
    additionalProperties: false,
    properties: {
      type: {
        type: "string",
        description: "Protocol of the display.",
        enum: ["vnc", "spice", "none"],
        meanings: { vnc: "VNC.", spice: "SPICE.", none: "The guest has no display." },
        default: "vnc",
        examples: ["spice"],
      },
      listen: {
        type: "string",
        description: "Address that it listens on. Anyone who reaches it controls the guest.",
        pattern: "^[0-9a-fA-F:.]{2,45}$",
        expects: "an IP address",
        default: "127.0.0.1",
        examples: ["127.0.0.1"],
      },
      keymap: {
        type: "string",
        description: "Layout of the keyboard, such as de. Default: that of the client.",
        pattern: "^[a-z]{2,3}(-[a-z]{2,6})?$",
        expects: "a layout such as de or en-us",
        examples: ["de"],
      },
    },
    examples: [{ type: "none" }, { listen: "0.0.0.0" }],
  },
  video: {
    type: "object",
    description: "Video card of the guest. Default: virtio.",
    additionalProperties: false,
    properties: {
      model: {
        type: "string",
        description: "Model of the card. Property: hw_video_model.",
        enum: ["virtio", "vga", "qxl", "cirrus", "bochs", "vmvga", "none"],
        meanings: {
          virtio: "A paravirtual card.",
          vga: "A card with standard VGA.",
          qxl: "The card of SPICE.",
          cirrus: "Cirrus Logic GD5446, for old systems.",
          bochs: "A simple framebuffer, for UEFI.",
          vmvga: "The card of VMware.",
          none: "The guest has no card.",
        },
        examples: ["vga"],
      },
      memory: size("Memory of the card. Property: hw_video_ram.", ["64MiB"], { minimum: "1MiB", multipleOf: "1MiB" }),
    },
    examples: [{ model: "vga" }],
  },
  watchdog: {
    type: "string",
    description: "What happens to a guest that stops feeding its watchdog. Default: disabled. Property: hw_watchdog_action.",
    enum: ["disabled", "none", "pause", "poweroff", "reset"],
    meanings: {
      disabled: "The guest has no watchdog.",
      none: "Nothing happens to the guest.",
      pause: "The guest is paused.",
      poweroff: "The guest is switched off.",
      reset: "The guest is reset.",
    },
    examples: ["reset"],
  },
  boot_menu: { type: "boolean", description: "Shows a boot menu at the start. Property: hw_boot_menu.", examples: [true] },
  rng: {
    type: "object",
    description: "Random number generator of the guest. Default: enabled, without a limit.",
    additionalProperties: false,
    dependentRequired: { rate_period: ["rate_bytes"] },
    properties: {
      enabled: { type: "boolean", description: "Whether the guest has one. Extra spec: hw_rng:allowed.", default: true, examples: [false] },
      rate_bytes: number("Most bytes that it gives in each period. Extra spec: hw_rng:rate_bytes.", 1, 2 ** 31),
      rate_period: number("Length of the period in milliseconds. Default: 1000. Extra spec: hw_rng:rate_period.", 1, 2 ** 31),
    },
    examples: [{ rate_bytes: 1024 }],
  },
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

/** Keys of the hardware that only an instance has: they name devices of the host. */
export const hostKeys = {
  hostdevs: {
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
  },
} as const;

/** The key of an instance that says how its guest is shut down. */
export const powerKeys = {
  shutdown: {
    type: "object",
    description:
      "How the guest is shut down, whenever a plan does that. It is asked through its guest agent where libvirt is connected to one, else by its power button (ACPI), again every 10 seconds. Image property of the time: os_shutdown_timeout.",
    additionalProperties: false,
    properties: {
      timeout: {
        type: "string",
        description: "How long the guest may take. 0s: it is not asked, but powered off at once, which requires force.",
        pattern: "^[0-9]{1,5}(s|m|h)$",
        expects: "a whole number and a unit, such as 90s, 5m or 1h",
        default: "60s",
        examples: ["5m"],
      },
      force: {
        type: "boolean",
        description:
          "Whether a guest that did not shut down in time, or cannot as it is paused, is powered off, which is like pulling its plug. With false, the apply fails and the guest stays as it is.",
        default: true,
        examples: [false],
      },
    },
    examples: [{ timeout: "5m", force: false }],
  },
} as const;
