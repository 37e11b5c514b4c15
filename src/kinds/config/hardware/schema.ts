import { cpuSchema } from "../../guest/fields/cpu-schema.ts";
import { deviceKeys } from "../../guest/fields/device-keys.ts";
import { displayKeys } from "../../guest/fields/display-keys.ts";
import { featureKeys } from "../../guest/fields/feature-keys.ts";
import { firmwareKeys } from "../../guest/fields/firmware-keys.ts";
import { hostdevsSchema } from "../../guest/fields/hostdevs-schema.ts";
import { memoryKeys } from "../../guest/fields/memory-keys.ts";
import { numaKeys } from "../../guest/fields/numa-keys.ts";
import { pinningKeys } from "../../guest/fields/pinning-keys.ts";
import { quotaSchema } from "../../guest/fields/quota-schema.ts";
import { rngSchema } from "../../guest/fields/rng-schema.ts";
import { tpmSchema } from "../../guest/fields/tpm-schema.ts";
import { size, whole } from "../../schema-parts.ts";
import { shutdownSchema } from "../../terms/shutdown-schema.ts";

/**
 * The keys by which an instance or a flavor describes the hardware of a guest, in the order of the documentation. Each has the same meaning
 * at both places. Keys of one theme are beside the rows of `guest/fields` that read them.
 */
export const hardwareKeys = {
  ...firmwareKeys,
  tpm: tpmSchema,
  cpu: cpuSchema,
  machine: {
    type: "string",
    description: "Machine type: an alias such as q35, or a version such as pc-q35-7.2. Default: q35 on x86_64. Property: hw_machine_type.",
    pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
    expects: "the name of a machine type, such as q35",
    examples: ["q35"],
  },
  max_vcpus: whole("Most virtual CPUs; the guest starts with vcpus of its flavor. Default: vcpus.", 1, 1024),
  max_ram: size("Most memory; the guest starts with ram of its flavor, and its balloon holds the rest. Default: ram.", ["4GiB"], {
    minimum: "1MiB",
    multipleOf: "1MiB",
  }),
  ...numaKeys,
  ...pinningKeys,
  ...memoryKeys,
  quota: quotaSchema,
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
  serial_ports: whole("Serial ports; the first has the console log. Default: 1. Property: hw_serial_port_count.", 0, 4),
  ...displayKeys,
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
  rng: rngSchema,
  ...featureKeys,
  ...deviceKeys,
} as const;

/** Keys of the hardware that only an instance has: they name devices of the host. */
export const hostKeys = { hostdevs: hostdevsSchema } as const;

/** The key of an instance that says how its guest is shut down. */
export const powerKeys = { shutdown: shutdownSchema } as const;
