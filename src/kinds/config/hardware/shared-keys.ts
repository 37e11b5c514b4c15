import type { NovaKey } from "./nova-key.ts";
import { count, flag, mapped, oneOf, shaped } from "./value-rule.ts";
import { cpuList, noDedicated, pageSize } from "./values.ts";

/** Keys that are an extra spec (`hw:boot_menu`) and an image property (`hw_boot_menu`) with the same meaning, by the name without the prefix. */
const meanings = {
  boot_menu: { about: "Shows a boot menu at the start.", value: flag, sets: "boot_menu" },
  cpu_cores: { about: "Cores of each socket.", value: count(1, 1024), sets: "cpu.topology.cores" },
  cpu_sockets: { about: "Sockets.", value: count(1, 1024), sets: "cpu.topology.sockets" },
  cpu_threads: { about: "Threads of each core.", value: count(1, 1024), sets: "cpu.topology.threads" },
  cpu_max_cores: { about: "Most cores of each socket.", value: count(1, 1024), sets: "cpu.topology.max_cores" },
  cpu_max_sockets: { about: "Most sockets.", value: count(1, 1024), sets: "cpu.topology.max_sockets" },
  cpu_max_threads: { about: "Most threads of each core.", value: count(1, 1024), sets: "cpu.topology.max_threads" },
  cpu_policy: {
    about: "Whether virtual CPUs share the CPUs of the host.",
    value: mapped({ shared: null }, { dedicated: noDedicated, mixed: noDedicated }),
    sets: null,
  },
  emulator_threads_policy: {
    about: "Where the threads of the emulator run.",
    value: mapped({ share: null }, { isolate: "virtform does not choose CPUs. Write emulator_pinning on the instance." }),
    sets: null,
  },
  input_bus: { about: "Bus of the pointer and keyboard.", value: oneOf(["usb", "virtio"]), sets: "input_bus" },
  locked_memory: { about: "Keeps the memory of the guest from being swapped.", value: flag, sets: "locked_memory" },
  maxphysaddr_mode: {
    about: "Where the number of bits of a physical address comes from.",
    value: oneOf(["passthrough", "emulate"]),
    sets: "cpu.address_mode",
  },
  mem_page_size: { about: "Pages that hold the memory of the guest.", value: pageSize, sets: "huge_pages" },
  numa_nodes: { about: "NUMA nodes of the guest, of equal size.", value: count(1, 128), sets: "numa_nodes" },
  "numa_cpus.N": { about: "Virtual CPUs of NUMA node N.", value: cpuList, sets: "numa.N.cpus" },
  "numa_mem.N": { about: "Memory of NUMA node N in MiB.", value: count(1, 2 ** 30, 2 ** 20), sets: "numa.N.memory" },
  pmu: { about: "Whether the guest has a performance monitoring unit.", value: flag, sets: "pmu" },
  serial_port_count: { about: "Serial ports; the first has the console log.", value: count(0, 4), sets: "serial_ports" },
  sound_model: { about: "Sound card.", value: oneOf(["ich6", "ich9", "ac97", "es1370", "sb16", "usb"]), sets: "sound" },
  tpm_model: { about: "Model of the TPM.", value: oneOf(["tpm-tis", "tpm-crb"]), sets: "tpm.model" },
  tpm_version: { about: "Version of the TPM, which gives the guest one.", value: oneOf(["1.2", "2.0"]), sets: "tpm.version" },
  vif_multiqueue_enabled: { about: "Gives virtio network cards a queue for each virtual CPU.", value: flag, sets: "vif_multiqueue" },
  virtio_packed_ring: { about: "Packed queues of virtio disks and network cards.", value: flag, sets: "packed_ring" },
  watchdog_action: {
    about: "What happens to a guest that stops feeding its watchdog.",
    value: oneOf(["disabled", "none", "pause", "poweroff", "reset"]),
    sets: "watchdog",
  },
  cpu_thread_policy: {
    about: "Which hosts and threads dedicated CPUs come from.",
    value: shaped("^prefer$", "prefer: the other values are for dedicated CPUs, which cpu_pinning names", "prefer", () => null),
    sets: null,
  },
} as const satisfies Readonly<Record<string, Omit<NovaKey, "name">>>;

/** Name of such a key without its prefix. */
export type SharedKey = keyof typeof meanings;

/** Some of them as extra specs (`hw:`) or image properties (`hw_`) spell them. */
export function sharedKeys(prefix: "hw:" | "hw_", names: readonly SharedKey[]): NovaKey[] {
  return names.map((name) => ({ name: `${prefix}${name}`, ...meanings[name] }));
}
