import type { NovaKeys } from "./nova-key.ts";
import { count, flag, mapped, oneOf, shaped } from "./value-rule.ts";
import { cpuList, noDedicated, pageSize, quotaMaximum, secureBoot } from "./values.ts";

const onlyHost = "It selects a host, and a configuration is for one host.";
const otherDriver = (name: string) => `Only Nova's driver for ${name} uses it.`;
const remove = "Remove it.";
const pinning = "Write cpu_pinning on the instance, which names the host CPU of each virtual CPU.";
const quotaStats = ["read", "write", "total"].flatMap((direction) =>
  (["bytes", "iops"] as const).map((metric) => ({ direction, metric, name: `disk_${direction}_${metric}_sec` })),
);
const vifQuotas = ["inbound", "outbound"].flatMap((direction) =>
  (["average", "peak", "burst"] as const).map((metric) => ({ direction, metric, name: `vif_${direction}_${metric}` })),
);

/** The extra specs of flavors that Nova documents for its libvirt driver (Nova XML-05, XML-09, XML-12, XML-14 … XML-16). */
export const extraSpecs: NovaKeys = {
  known: [
    { name: "hw:boot_menu", about: "Shows a boot menu at the start.", value: flag, sets: "boot_menu" },
    { name: "hw:cpu_cores", about: "Cores of each socket.", value: count(1, 1024), sets: "cpu.topology.cores" },
    { name: "hw:cpu_sockets", about: "Sockets.", value: count(1, 1024), sets: "cpu.topology.sockets" },
    { name: "hw:cpu_threads", about: "Threads of each core.", value: count(1, 1024), sets: "cpu.topology.threads" },
    { name: "hw:cpu_max_cores", about: "Most cores of each socket.", value: count(1, 1024), sets: "cpu.topology.max_cores" },
    { name: "hw:cpu_max_sockets", about: "Most sockets.", value: count(1, 1024), sets: "cpu.topology.max_sockets" },
    { name: "hw:cpu_max_threads", about: "Most threads of each core.", value: count(1, 1024), sets: "cpu.topology.max_threads" },
    {
      name: "hw:cpu_policy",
      about: "Whether virtual CPUs share the CPUs of the host.",
      value: mapped({ shared: null }, { dedicated: noDedicated, mixed: noDedicated }),
      sets: null,
    },
    {
      name: "hw:emulator_threads_policy",
      about: "Where the threads of the emulator run.",
      value: mapped({ share: null }, { isolate: "virtform does not choose CPUs. Write emulator_pinning on the instance." }),
      sets: null,
    },
    { name: "hw:hide_hypervisor_id", about: "Hides from the guest that it runs on KVM.", value: flag, sets: "hide_hypervisor" },
    { name: "hide_hypervisor_id", about: "Older name of hw:hide_hypervisor_id.", value: flag, sets: "hide_hypervisor" },
    { name: "hw:input_bus", about: "Bus of the pointer and keyboard.", value: oneOf(["usb", "virtio"]), sets: "input_bus" },
    { name: "hw:locked_memory", about: "Keeps the memory of the guest from being swapped.", value: flag, sets: "locked_memory" },
    {
      name: "hw:maxphysaddr_bits",
      about: "Bits of a physical address, with hw:maxphysaddr_mode: emulate.",
      value: count(1, 64),
      sets: "cpu.address_bits",
    },
    {
      name: "hw:maxphysaddr_mode",
      about: "Where the number of bits of a physical address comes from.",
      value: oneOf(["passthrough", "emulate"]),
      sets: "cpu.address_mode",
    },
    { name: "hw:mem_page_size", about: "Pages that hold the memory of the guest.", value: pageSize, sets: "huge_pages" },
    { name: "hw:numa_nodes", about: "NUMA nodes of the guest, of equal size.", value: count(1, 128), sets: "numa_nodes" },
    { name: "hw:numa_cpus.N", about: "Virtual CPUs of NUMA node N.", value: cpuList, sets: "numa.N.cpus" },
    { name: "hw:numa_mem.N", about: "Memory of NUMA node N in MiB.", value: count(1, 2 ** 30, 2 ** 20), sets: "numa.N.memory" },
    { name: "hw:pmu", about: "Whether the guest has a performance monitoring unit.", value: flag, sets: "pmu" },
    { name: "hw:serial_port_count", about: "Serial ports; the first has the console log.", value: count(0, 4), sets: "serial_ports" },
    { name: "hw:sound_model", about: "Sound card.", value: oneOf(["ich6", "ich9", "ac97", "es1370", "sb16", "usb"]), sets: "sound" },
    { name: "hw:tpm_model", about: "Model of the TPM.", value: oneOf(["tpm-tis", "tpm-crb"]), sets: "tpm.model" },
    { name: "hw:tpm_version", about: "Version of the TPM, which gives the guest one.", value: oneOf(["1.2", "2.0"]), sets: "tpm.version" },
    {
      name: "hw:vif_multiqueue_enabled",
      about: "Gives virtio network cards a queue for each virtual CPU.",
      value: flag,
      sets: "vif_multiqueue",
    },
    { name: "hw:viommu_model", about: "IOMMU of the guest.", value: oneOf(["intel", "virtio", "smmuv3"]), sets: "viommu" },
    { name: "hw:virtio_packed_ring", about: "Packed queues of virtio disks and network cards.", value: flag, sets: "packed_ring" },
    {
      name: "hw:watchdog_action",
      about: "What happens to a guest that stops feeding its watchdog.",
      value: oneOf(["disabled", "none", "pause", "poweroff", "reset"]),
      sets: "watchdog",
    },
    { name: "hw_rng:allowed", about: "Whether the guest has a random number generator.", value: flag, sets: "rng.enabled" },
    {
      name: "hw_rng:rate_bytes",
      about: "Bytes that the generator gives in each period.",
      value: count(1, 2 ** 31),
      sets: "rng.rate_bytes",
    },
    {
      name: "hw_rng:rate_period",
      about: "Period of hw_rng:rate_bytes in milliseconds.",
      value: count(1, 2 ** 31),
      sets: "rng.rate_period",
    },
    {
      name: "hw_video:ram_max_mb",
      about: "Most memory of the video card in MiB; hw_video_ram above it is an error.",
      value: count(1, 4096, 2 ** 20),
      sets: "video.max_memory",
    },
    { name: "os:secure_boot", about: "Whether the firmware starts signed boot loaders only.", value: secureBoot, sets: "secure_boot" },
    {
      name: "quota:cpu_period",
      about: "Length in µs of the period that cpu_quota is for.",
      value: count(1000, 1_000_000),
      sets: "quota.cpu_period",
    },
    {
      name: "quota:cpu_quota",
      about: "µs that each virtual CPU may use in a period.",
      value: count(1000, 2 ** 40),
      sets: "quota.cpu_quota",
    },
    { name: "quota:cpu_shares", about: "Weight of the guest when CPUs are scarce.", value: count(2, 262_144), sets: "quota.cpu_shares" },
    ...quotaStats.map(({ direction, metric, name }) => ({
      name: `quota:${name}`,
      about: `Most ${metric === "bytes" ? "bytes" : "operations"} (${direction}) of each disk in a second.`,
      value: count(0, quotaMaximum),
      sets: `quota.${name}`,
    })),
    ...vifQuotas.map(({ direction, metric, name }) => ({
      name: `quota:${name}`,
      about: `${direction === "inbound" ? "Inbound" : "Outbound"} ${metric} of each network card, in KiB${metric === "burst" ? "" : " per second"}.`,
      value: count(1, 2 ** 32),
      sets: `quota.${name}`,
    })),
    {
      name: "hw:cpu_thread_policy",
      about: "Which hosts and threads dedicated CPUs come from.",
      value: shaped("^prefer$", "prefer: the other values are for dedicated CPUs, which cpu_pinning names", "prefer", () => null),
      sets: null,
    },
  ],
  refused: [
    { name: "hw:cpu_dedicated_mask", why: "virtform does not choose CPUs for guests.", instead: pinning },
    { name: "hw:cpu_realtime", why: "Real-time CPUs need dedicated host CPUs, and virtform does not choose any.", instead: pinning },
    { name: "hw:cpu_realtime_mask", why: "Real-time CPUs need dedicated host CPUs, and virtform does not choose any.", instead: pinning },
    {
      name: "hw:max_cpu_*",
      why: "Nova does not act upon it.",
      instead: "Write hw:cpu_max_cores, hw:cpu_max_sockets or hw:cpu_max_threads.",
    },
    {
      name: "hw:mem_encryption",
      why: "Memory encryption (AMD SEV) needs launch measurements that virtform cannot verify.",
      instead: remove,
    },
    { name: "hw:mem_encryption_model", why: "virtform does not encrypt the memory of guests.", instead: remove },
    { name: "hw:pci_numa_affinity_policy", why: "virtform does not choose PCI devices.", instead: "Write hostdevs on the instance." },
    { name: "hw:pmem", why: "Labels of persistent memory are part of Nova's own configuration.", instead: remove },
    {
      name: "hw:redirected_usb_ports",
      why: "USB redirection needs a SPICE client.",
      instead: "Write hostdevs on the instance for a USB device of the host.",
    },
    { name: "hw:usb_model", why: "libvirt chooses the USB controller that suits the machine type.", instead: remove },
    { name: "hw:tpm_secret_security", why: "Nova keeps its TPM secrets in Barbican, which virtform does not use.", instead: remove },
    {
      name: "hw:ephemeral_encryption*",
      why: "The disks of an instance are encrypted as a whole.",
      instead: "Write encryption on the instance.",
    },
    { name: "hw:iothreads_per_disk", why: "virtform does not configure I/O threads.", instead: remove },
    { name: "accel:*", why: "Accelerators of Cyborg do not exist outside OpenStack.", instead: "Write hostdevs on the instance." },
    { name: "aggregate_instance_extra_specs:*", why: onlyHost, instead: remove },
    { name: "capabilities:*", why: onlyHost, instead: remove },
    { name: "group_policy", why: onlyHost, instead: remove },
    { name: "pci_passthrough:*", why: "PCI aliases are part of Nova's own configuration.", instead: "Write hostdevs on the instance." },
    { name: "quota:cpu_limit", why: otherDriver("VMware"), instead: "Write quota:cpu_quota." },
    { name: "quota:cpu_reservation", why: otherDriver("VMware"), instead: remove },
    { name: "quota:cpu_shares_*", why: otherDriver("VMware"), instead: "Write quota:cpu_shares." },
    { name: "quota:disk_io_*", why: otherDriver("VMware"), instead: "Write quota:disk_total_iops_sec." },
    { name: "quota:memory_*", why: otherDriver("VMware"), instead: remove },
    { name: "quota:vif_limit", why: otherDriver("VMware"), instead: "Write quota:vif_outbound_average." },
    { name: "quota:vif_reservation", why: otherDriver("VMware"), instead: remove },
    { name: "quota:vif_shares_*", why: otherDriver("VMware"), instead: remove },
    {
      name: "resources*",
      why: "Resources of Placement do not exist outside OpenStack.",
      instead: "Write vcpus and ram of the flavor; for a device of the host write hostdevs on the instance.",
    },
    { name: "trait*", why: onlyHost, instead: remove },
    { name: "powervm:*", why: otherDriver("PowerVM"), instead: remove },
    { name: "vmware:*", why: otherDriver("VMware"), instead: remove },
    { name: "hyperv:*", why: otherDriver("Hyper-V"), instead: remove },
  ],
  reserved: ["hw", "hw_rng", "hw_video", "os", "quota", "hide_hypervisor_id"],
};
