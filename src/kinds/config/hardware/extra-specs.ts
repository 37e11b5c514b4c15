import type { NovaKeys } from "./nova-key.ts";
import { onlyHost, otherDriver, remove } from "./refusal-words.ts";
import { type SharedKey, sharedKeys } from "./shared-keys.ts";
import { count, flag, oneOf } from "./value-rule.ts";
import { quotaMaximum, secureBoot } from "./values.ts";

const hw = (...names: readonly SharedKey[]) => sharedKeys("hw:", names);
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
    ...hw(
      "boot_menu",
      "cpu_cores",
      "cpu_sockets",
      "cpu_threads",
      "cpu_max_cores",
      "cpu_max_sockets",
      "cpu_max_threads",
      "cpu_policy",
      "emulator_threads_policy",
    ),
    { name: "hw:hide_hypervisor_id", about: "Hides from the guest that it runs on KVM.", value: flag, sets: "hide_hypervisor" },
    { name: "hide_hypervisor_id", about: "Older name of hw:hide_hypervisor_id.", value: flag, sets: "hide_hypervisor" },
    ...hw("input_bus", "locked_memory"),
    {
      name: "hw:maxphysaddr_bits",
      about: "Bits of a physical address, with hw:maxphysaddr_mode: emulate.",
      value: count(1, 64),
      sets: "cpu.address_bits",
    },
    ...hw(
      "maxphysaddr_mode",
      "mem_page_size",
      "numa_nodes",
      "numa_cpus.N",
      "numa_mem.N",
      "pmu",
      "serial_port_count",
      "sound_model",
      "tpm_model",
      "tpm_version",
      "vif_multiqueue_enabled",
    ),
    { name: "hw:viommu_model", about: "IOMMU of the guest.", value: oneOf(["intel", "virtio", "smmuv3"]), sets: "viommu" },
    ...hw("virtio_packed_ring", "watchdog_action"),
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
    ...hw("cpu_thread_policy"),
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
