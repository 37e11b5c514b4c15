/** Where the disks of a guest of the matrix are; `luks`: qcow2 that is encrypted. */
export const matrixBackends = ["qcow2", "flat", "lvm", "rbd", "luks"] as const;
export type MatrixBackend = (typeof matrixBackends)[number];

/** What a guest of the matrix has beside what all have. */
export interface MatrixGuest {
  /** Keys of its flavor. */
  readonly flavor?: object;
  /** Keys of the instance. */
  readonly keys?: object;
  /** How its volume is attached; null: it is not. */
  readonly attached?: { readonly device: string } | null;
  /** Size of its volume. */
  readonly volume?: string;
}

/** One row of the matrix: a change, and what it does to a guest that runs. One that is off has each at its next start. */
export interface LiveChange {
  /** For people, and the name of the row. */
  readonly title: string;
  readonly keys: string;
  /**
   * `each`: of guests on each backend, which need not take part. `files`: of those without Linux whose config drive is a file and a CD, `vfat`: of one whose
   * config drive is a disk. `linux`: of one guest that has drivers and says what it sees.
   */
  readonly of: "each" | "linux" | "linux with a mounted CD" | "one without drivers" | "files" | "vfat" | "rbd";
  /** What the plan announces of a guest that runs; `none`: it is no change to the guest. */
  readonly running: "live" | "next_boot" | "none";
  /** The guest does not take what the plan announced: it is a warning, and pending. */
  readonly untaken?: true;
  /** Why it is not live, as the plan says. */
  readonly why?: RegExp;
  /** What the guests have from here on, beside what they had. `temporary`: for this row alone. */
  readonly want: MatrixGuest;
  readonly temporary?: true;
  /** What the active definition says then. */
  readonly active?: RegExp;
  /** What Linux says that it has. */
  readonly seen?: RegExp;
  /** How it is seen, for people. */
  readonly proof: string;
}

export const frontMac = "52:54:00:7e:58:01";
export const backMac = "52:54:00:7e:58:02";
const front = { name: "front", user: true, mac: frontMac };
const back = { name: "back", user: true, mac: backMac };

const cache = { name: "cache", size: "16MiB", format: "ext4" };

/** What every guest of the matrix starts with, and the one that says what it sees. */
export const matrixStart: MatrixGuest = { flavor: { vcpus: 1, ram: "160MiB", disk: "64MiB" }, volume: "16MiB" };
export const linuxStart: MatrixGuest = {
  ...matrixStart,
  flavor: { ...matrixStart.flavor, ephemeral: "64MiB" },
  keys: { networks: [front], ephemerals: [] },
};

/** The rows, in the order in which a guest goes through them. */
export const liveChanges: readonly LiveChange[] = [
  {
    title: "less memory",
    keys: "`ram` of the flavor",
    of: "linux",
    running: "live",
    want: { flavor: { ram: "128MiB" } },
    active: /<currentMemory unit='KiB'>131072</,
    proof: "what the balloon leaves to the guest",
  },
  {
    title: "more memory, up to `max_ram`",
    keys: "`ram` of the flavor",
    of: "linux",
    running: "live",
    want: { flavor: { ram: "192MiB" } },
    active: /<currentMemory unit='KiB'>196608</,
    proof: "what the balloon leaves to the guest",
  },
  {
    title: "memory above `max_ram`, as it was when the guest started",
    keys: "`ram`, `max_ram`",
    of: "linux",
    running: "next_boot",
    why: /at most 256MiB/,
    want: { flavor: { ram: "320MiB" }, keys: { max_ram: "320MiB" } },
    temporary: true,
    active: /<currentMemory unit='KiB'>196608</,
    proof: "the same memory as before; pending",
  },
  {
    title: "more vCPUs, up to `max_vcpus`",
    keys: "`vcpus` of the flavor",
    of: "linux",
    running: "live",
    want: { flavor: { vcpus: 2 } },
    active: /<vcpu placement='static'>2</,
    seen: /of=0-1/,
    proof: "processors that are present in the guest",
  },
  {
    title: "fewer vCPUs",
    keys: "`vcpus` of the flavor",
    of: "linux",
    running: "next_boot",
    why: /keeps its vCPUs/,
    want: { flavor: { vcpus: 1 } },
    temporary: true,
    active: /<vcpu placement='static'>2</,
    proof: "the same vCPUs as before; pending",
  },
  {
    title: "share of the processors",
    keys: "`quota.cpu_shares`",
    of: "each",
    running: "live",
    want: { keys: { quota: { cpu_shares: 512 } } },
    active: /<shares>512</,
    proof: "definition of the running guest",
  },
  {
    title: "limit of its disks",
    keys: "`quota.disk_total_iops_sec`",
    of: "each",
    running: "live",
    want: { keys: { quota: { cpu_shares: 512, disk_total_iops_sec: 500 } } },
    active: /<total_iops_sec>500</,
    proof: "definition of the running guest",
  },
  {
    title: "limit of its disks lifted",
    keys: "`quota.disk_total_iops_sec`",
    of: "each",
    running: "live",
    want: { keys: { quota: { cpu_shares: 512 } } },
    active: /^(?![\s\S]*<total_iops_sec>)/,
    proof: "definition of the running guest",
  },
  {
    title: "the root disk grows",
    keys: "`disk` of the flavor",
    of: "each",
    running: "live",
    want: { flavor: { disk: "96MiB" } },
    seen: /vda=100663296/,
    proof: "size of the disk, by libvirt and in the guest",
  },
  {
    title: "a volume comes",
    keys: "`volumes`",
    of: "each",
    running: "live",
    want: { attached: { device: "sdx" } },
    active: /<target dev='[sv]dx'/,
    seen: /vdb=16777216/,
    proof: "disks of the guest",
  },
  {
    title: "an attached volume grows",
    keys: "`size` of the volume",
    of: "each",
    running: "live",
    want: { volume: "32MiB" },
    seen: /vdb=33554432/,
    proof: "size of the disk, by libvirt and in the guest",
  },
  {
    title: "a volume goes",
    keys: "`volumes`",
    of: "each",
    running: "live",
    want: { attached: null },
    active: /^(?![\s\S]*dev='[sv]dx')/,
    seen: /^(?!.*vdb=)/,
    proof: "disks of the guest",
  },
  {
    title: "an ephemeral disk comes",
    keys: "`ephemerals`",
    of: "linux",
    running: "live",
    want: { keys: { networks: [front], ephemerals: [cache] } },
    active: /-eph0<\/serial>/,
    seen: /vdb=16777216/,
    proof: "disks of the guest",
  },
  {
    title: "another ephemeral disk comes before it",
    keys: "`ephemerals`",
    of: "linux",
    running: "live",
    want: { keys: { networks: [front], ephemerals: [{ name: "work", size: "32MiB", format: "ext4" }, cache] } },
    active: /-eph1<\/serial>/,
    seen: /vdb=16777216.*vdc=33554432/,
    proof: "disks of the guest",
  },
  {
    title: "the first of two ephemeral disks goes",
    keys: "`ephemerals`",
    of: "linux",
    running: "live",
    want: { keys: { networks: [front], ephemerals: [cache] } },
    active: /^(?![\s\S]*-eph1<\/serial>)/,
    seen: /^(?!.*vdc=).*vdb=16777216/,
    proof: "disks of the guest",
  },
  {
    title: "the last ephemeral disk goes",
    keys: "`ephemerals`",
    of: "linux",
    running: "live",
    want: { keys: { networks: [front], ephemerals: [] } },
    active: /^(?![\s\S]*-eph\d<\/serial>)/,
    seen: /^(?!.*vdb=)/,
    proof: "disks of the guest",
  },
  {
    title: "an interface comes",
    keys: "`networks`",
    of: "linux",
    running: "live",
    want: { keys: { networks: [front, back] } },
    active: new RegExp(backMac),
    seen: new RegExp(`${backMac}=`),
    proof: "interfaces of the guest",
  },
  {
    title: "a cable is unplugged",
    keys: "`link` of an interface",
    of: "linux",
    running: "live",
    want: { keys: { networks: [front, { ...back, link: "down" }] } },
    active: /<link state='down'\/>/,
    proof: "definition of the running guest",
  },
  {
    title: "the first of two interfaces goes",
    keys: "`networks`",
    of: "linux",
    running: "live",
    want: { keys: { networks: [back] } },
    active: new RegExp(`^(?![\\s\\S]*${frontMac})[\\s\\S]*${backMac}`),
    seen: new RegExp(`^(?!.*${frontMac}).*${backMac}=`),
    proof: "interfaces of the guest",
  },
  {
    title: "another model of an interface",
    keys: "`model` of an interface",
    of: "linux",
    running: "next_boot",
    want: { keys: { networks: [{ ...back, model: "e1000" }] } },
    temporary: true,
    active: /<model type='virtio'\/>/,
    proof: "the same card as before; pending",
  },
  {
    title: "content of the config drive",
    keys: "`user_data`, `metadata`, `key_pair` and the like",
    of: "files",
    running: "live",
    want: { keys: { metadata: { step: "two" } } },
    proof: "file that QEMU has open",
  },
  {
    title: "content of a config drive in Ceph",
    keys: "`user_data`, `metadata`, `key_pair` and the like",
    of: "rbd",
    running: "next_boot",
    why: /only a file in a CD drive/,
    want: { keys: { metadata: { step: "two" } } },
    proof: "plan, and pending",
  },
  {
    title: "content of a config drive with vfat",
    keys: "`user_data`, `metadata`, `key_pair` and the like",
    of: "vfat",
    running: "next_boot",
    why: /vfat drive is a disk/,
    want: { keys: { metadata: { step: "two" } } },
    proof: "plan, and pending",
  },
  {
    title: "content of a config drive that the guest has mounted",
    keys: "`user_data`, `metadata`, `key_pair` and the like",
    of: "linux with a mounted CD",
    running: "live",
    untaken: true,
    want: { keys: { metadata: { step: "two" } } },
    proof: "warning, and pending",
  },
  {
    title: "a config drive for a guest without one",
    keys: "`config_drive`",
    of: "linux",
    running: "next_boot",
    want: { keys: { config_drive: true } },
    temporary: true,
    active: /^(?![\s\S]*disk\.config)/,
    proof: "the same drives as before; pending",
  },
  {
    title: "hardware: a watchdog",
    keys: "`watchdog` and other hardware",
    of: "each",
    running: "next_boot",
    want: { keys: { watchdog: "reset" } },
    temporary: true,
    active: /^(?![\s\S]*action='reset')/,
    proof: "the same hardware as before; pending",
  },
  {
    title: "what is no change to the guest",
    keys: "`autostart`, `prevent_destroy`, `shutdown`",
    of: "each",
    running: "none",
    want: { keys: { autostart: true, shutdown: { timeout: "2s" } } },
    proof: "nothing of it in the running guest",
  },
  {
    title: "a virtio volume comes to a guest that does not react",
    keys: "`volumes`",
    of: "one without drivers",
    running: "live",
    want: { attached: { device: "vdx" } },
    active: /<target dev='vdx' bus='virtio'\/>/,
    proof: "disks of the guest, by libvirt",
  },
  {
    title: "it goes from a guest that does not react",
    keys: "`volumes`",
    of: "one without drivers",
    running: "live",
    untaken: true,
    want: { attached: null },
    active: /<target dev='vdx' bus='virtio'\/>/,
    proof: "warning, and pending",
  },
];
