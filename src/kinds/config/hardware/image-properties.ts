import type { NovaKey, NovaKeys } from "./nova-key.ts";
import { onlyHost, otherDriver, remove } from "./refusal-words.ts";
import { type SharedKey, sharedKeys } from "./shared-keys.ts";
import { count, flag, mapped, negatedFlag, oneOf, text, type ValueRule } from "./value-rule.ts";
import { secureBoot } from "./values.ts";

const hw = (...names: readonly SharedKey[]) => sharedKeys("hw_", names);
const glance = "It is part of how Nova stores snapshots.";

function information(name: string, about: string, example: string, value: ValueRule = text(example)): NovaKey {
  return { name, about, value, sets: null, information: true };
}

const architecture = oneOf(["x86_64", "i686", "aarch64", "armv7l", "ppc64", "ppc64le", "riscv64", "s390x"]);
const xenOnly = "Only Xen has it.";
const otherBuses = {
  fdc: "Guests have no floppy drives.",
  lxc: "Containers have no buses. Remove it; virt_type: lxc of the host makes containers.",
  uml: "User mode Linux is not supported.",
  xen: xenOnly,
};

/** The image properties that Nova and Glance document for Nova's libvirt driver (Nova XML-05 … XML-17, BLK-04, CFG-01). */
export const imageProperties: NovaKeys = {
  known: [
    { name: "architecture", about: "Older name of hw_architecture.", value: architecture, sets: "arch" },
    {
      name: "hw_architecture",
      about: "Architecture that the guests need; another one than the host's is an error.",
      value: architecture,
      sets: "arch",
    },
    ...hw("boot_menu"),
    { name: "hw_cdrom_bus", about: "Bus of CD drives.", value: oneOf(["scsi", "sata", "ide", "usb"], otherBuses), sets: "cdrom_bus" },
    ...hw(
      "cpu_cores",
      "cpu_sockets",
      "cpu_threads",
      "cpu_max_cores",
      "cpu_max_sockets",
      "cpu_max_threads",
      "cpu_policy",
      "cpu_thread_policy",
    ),
    { name: "hw_disk_bus", about: "Bus of disks.", value: oneOf(["virtio", "scsi", "sata", "ide", "usb"], otherBuses), sets: "disk_bus" },
    ...hw("emulator_threads_policy"),
    { name: "hw_firmware_type", about: "Firmware.", value: oneOf(["bios", "uefi"]), sets: "firmware" },
    ...hw("input_bus", "locked_memory"),
    { name: "hw_machine_type", about: "Machine type, as libvirt names it.", value: text("q35"), sets: "machine" },
    {
      name: "hw_maxphysaddr_bits",
      about: "Bits of a physical address, with hw_maxphysaddr_mode: emulate.",
      value: count(1, 64),
      sets: "cpu.address_bits",
    },
    ...hw("maxphysaddr_mode", "mem_page_size", "numa_nodes", "numa_cpus.N", "numa_mem.N", "pmu"),
    {
      name: "hw_pointer_model",
      about: "Pointer: a tablet, or the mouse that a PC has.",
      value: oneOf(["usbtablet", "ps2mouse"]),
      sets: "pointer",
    },
    { name: "hw_qemu_guest_agent", about: "Whether the guest has a channel for the guest agent.", value: flag, sets: "guest_agent" },
    {
      name: "hw_rescue_bus",
      about: "Bus of the disk that a guest is rescued with.",
      value: text("virtio"),
      sets: null,
    },
    { name: "hw_rescue_device", about: "Device that a guest is rescued with: `disk` or `cdrom`.", value: text("disk"), sets: null },
    { name: "hw_rng_model", about: "Model of the random number generator.", value: oneOf(["virtio"]), sets: null },
    {
      name: "hw_scsi_model",
      about: "Model of the SCSI controller.",
      value: oneOf(["virtio-scsi", "lsilogic", "lsisas1068", "lsisas1078", "vmpvscsi", "ibmvscsi", "buslogic"]),
      sets: "scsi_model",
    },
    ...hw("serial_port_count", "sound_model"),
    { name: "hw_time_hpet", about: "Whether the guest has an HPET timer.", value: flag, sets: "hpet" },
    ...hw("tpm_model", "tpm_version"),
    {
      name: "hw_video_model",
      about: "Model of the video card; `none` for no card.",
      value: oneOf(["virtio", "vga", "qxl", "cirrus", "bochs", "vmvga", "none"], {
        xen: xenOnly,
        gop: "It is a card of z/VM guests.",
      }),
      sets: "video.model",
    },
    { name: "hw_video_ram", about: "Memory of the video card in MiB.", value: count(1, 4096, 2 ** 20), sets: "video.memory" },
    {
      name: "hw_vif_model",
      about: "Model of network cards; `model` of a network comes first.",
      value: oneOf(["virtio", "e1000", "e1000e", "rtl8139", "ne2k_pci", "pcnet", "vmxnet3"], {
        lan9118: "It is a card of ARM boards that virtform does not use.",
        netfront: xenOnly,
        "spapr-vlan": "It is a card of Power guests.",
        VirtualE1000: otherDriver("VMware"),
        VirtualE1000e: otherDriver("VMware"),
        VirtualPCNet32: otherDriver("VMware"),
        VirtualVmxnet: otherDriver("VMware"),
        VirtualVmxnet3: otherDriver("VMware"),
      }),
      sets: null,
    },
    ...hw("vif_multiqueue_enabled"),
    {
      name: "hw_viommu_model",
      about: "IOMMU of the guest.",
      value: oneOf(["intel", "virtio", "smmuv3"], {
        auto: "A plan must not depend on what the host happens to have. Write intel, virtio or smmuv3.",
      }),
      sets: "viommu",
    },
    ...hw("virtio_packed_ring"),
    {
      name: "hw_vm_mode",
      about: "How the guest is run.",
      value: mapped({ hvm: null }, { xen: xenOnly, uml: "User mode Linux is not supported.", exe: "Containers are not supported." }),
      sets: null,
    },
    ...hw("watchdog_action"),
    {
      name: "img_config_drive",
      about: "Whether the guests need a config drive; `mandatory` with `config_drive: false` or `inject` is an error.",
      value: oneOf(["mandatory", "optional"]),
      sets: null,
    },
    { name: "img_hide_hypervisor_id", about: "Hides from the guest that it runs on KVM.", value: flag, sets: "hide_hypervisor" },
    {
      name: "img_hv_type",
      about: "Hypervisor that the image is for.",
      value: mapped({ kvm: null, qemu: null }),
      sets: null,
    },
    { name: "os_command_line", about: "Command line of the kernel, with `kernel`.", value: text("root=/dev/vda1 quiet"), sets: null },
    {
      name: "os_shutdown_timeout",
      about: "Seconds that a guest may take to shut down before it is powered off.",
      value: { ...count(0, 86_400), read: (seconds) => `${Number(seconds)}s` },
      sets: "shutdown.timeout",
    },
    { name: "os_secure_boot", about: "Whether the firmware starts signed boot loaders only.", value: secureBoot, sets: "secure_boot" },
    {
      name: "os_type",
      about: "System of the image: decides the clock, the filesystem of empty disks and, for Windows, the Hyper-V features.",
      value: text("linux"),
      sets: null,
    },
    information("os_admin_user", "Name of the administrator: `virtform ssh` logs in as this user.", "debian"),
    information(
      "os_distro",
      "Distribution of the image: without `os_admin_user`, `virtform ssh` logs in as the usual user of its cloud images.",
      "debian",
    ),
    information("os_license", "License of the system.", "opensource"),
    information("os_version", "Version of the distribution.", "13"),
    information(
      "os_require_quiesce",
      "Whether the filesystems of a guest that runs must be frozen while an image is taken from its disks: where the guest agent is not connected, the plan is an error.",
      "true",
      flag,
    ),
    information("hw_require_fsfreeze", "Whether a backup must freeze the filesystems; virtform makes no backups.", "true", flag),
    information("has_auto_disk_config", "Whether the guest grows its filesystem at the first boot.", "true", flag),
    {
      name: "auto_disk_config",
      about: "Whether XenAPI resizes the filesystem; guests on libvirt do it themselves.",
      value: negatedFlag,
      sets: null,
      information: true,
    },
    information("description", "Description of the image.", "Debian 13"),
    information("hypervisor_type", "Hypervisor that the image is for, as older images name it.", "kvm", mapped({ kvm: null, qemu: null })),
  ],
  refused: [
    { name: "hw_auto_disk_config", why: otherDriver("XenAPI"), instead: remove },
    {
      name: "hw_cpu_max_*",
      why: "Nova has no such property.",
      instead: "Write hw_cpu_max_sockets, hw_cpu_max_cores or hw_cpu_max_threads.",
    },
    {
      name: "hw_cpu_realtime_mask",
      why: "Real-time CPUs need dedicated host CPUs, and virtform does not choose any.",
      instead: "Write cpu_pinning on the instance.",
    },
    { name: "hw_device_id", why: xenOnly, instead: remove },
    { name: "hw_disk_type", why: otherDriver("VMware"), instead: "Write preallocate_images in the host section." },
    {
      name: "hw_emulation_architecture",
      why: "virtform runs guests of the host's own architecture.",
      instead: "Use an image for the architecture of the host.",
    },
    {
      name: "hw_ephemeral_encryption*",
      why: "The disks of an instance are encrypted as a whole.",
      instead: "Write encryption on the instance.",
    },
    {
      name: "hw_firmware_stateless",
      why: "Firmware without variables needs a build of OVMF that few hosts have.",
      instead: "Write hw_firmware_type: uefi.",
    },
    { name: "hw_floppy_bus", why: "Guests have no floppy drives.", instead: remove },
    { name: "hw_ipxe_boot", why: otherDriver("XenAPI"), instead: remove },
    {
      name: "hw_mem_encryption*",
      why: "Memory encryption (AMD SEV) needs launch measurements that virtform cannot verify.",
      instead: remove,
    },
    { name: "hw_pci_numa_affinity_policy", why: "virtform does not choose PCI devices.", instead: "Write hostdevs on the instance." },
    {
      name: "hw_redirected_usb_ports",
      why: "USB redirection needs a SPICE client.",
      instead: "Write hostdevs on the instance for a USB device of the host.",
    },
    { name: "hw_usb_model", why: "libvirt chooses the USB controller that suits the machine type.", instead: remove },
    { name: "img_bdm_v2", why: glance, instead: "Write volumes on the instance." },
    { name: "img_bittorrent", why: "Nova has removed BitTorrent.", instead: remove },
    { name: "img_block_device_mapping", why: glance, instead: "Write volumes on the instance." },
    { name: "img_cache_in_nova", why: otherDriver("XenAPI"), instead: remove },
    { name: "img_compression_level", why: otherDriver("XenAPI"), instead: remove },
    { name: "img_hv_requested_version", why: onlyHost, instead: remove },
    { name: "img_linked_clone", why: otherDriver("VMware"), instead: "Write images_type in the host section." },
    { name: "img_mappings", why: glance, instead: "Write ephemerals and swap on the instance." },
    { name: "img_owner_id", why: glance, instead: remove },
    { name: "img_root_device_name", why: "Disks are named by their bus.", instead: "Write hw_disk_bus." },
    { name: "img_signature*", why: "Images are verified by their checksum.", instead: "Write checksum on the image." },
    { name: "img_use_agent", why: otherDriver("XenAPI"), instead: remove },
    { name: "img_version", why: otherDriver("VMware"), instead: remove },
    { name: "os_skip_agent_inject_*", why: otherDriver("XenAPI"), instead: remove },
    { name: "block_device_mapping", why: glance, instead: "Write volumes on the instance." },
    { name: "bdm_v2", why: glance, instead: "Write volumes on the instance." },
    { name: "cache_in_nova", why: otherDriver("XenAPI"), instead: remove },
    { name: "cinder_encryption_key_*", why: "virtform has no Barbican.", instead: "Write encryption on the instance." },
    { name: "hypervisor_version_requires", why: onlyHost, instead: remove },
    { name: "instance_uuid", why: glance, instead: remove },
    { name: "ipxe_boot", why: otherDriver("XenAPI"), instead: remove },
    {
      name: "kernel_id",
      why: "Images of a configuration have names.",
      instead: "Write kernel on the image, with the name of another image.",
    },
    { name: "mappings", why: glance, instead: "Write ephemerals and swap on the instance." },
    { name: "owner_id", why: glance, instead: remove },
    {
      name: "ramdisk_id",
      why: "Images of a configuration have names.",
      instead: "Write ramdisk on the image, with the name of another image.",
    },
    { name: "root_device_name", why: "Disks are named by their bus.", instead: "Write hw_disk_bus." },
    { name: "trait*", why: onlyHost, instead: remove },
    { name: "vm_mode", why: "It is an older name.", instead: "Write hw_vm_mode." },
    { name: "vmware_*", why: otherDriver("VMware"), instead: "Write hw_disk_bus or hw_scsi_model for what the guest needs." },
    { name: "xenapi_*", why: otherDriver("XenAPI"), instead: remove },
  ],
  reserved: ["hw", "img", "os", "vmware", "xenapi"],
};
