import { allDrivers, defaultDriver, driverNames } from "../../drivers/index.ts";
import { sizeOr } from "../schema-parts.ts";

const machine = {
  uri: {
    type: "string",
    description:
      "The libvirt connection: the system or the session daemon, here or on a host over ssh. Default: qemu:///system for root, qemu:///session for anybody else.",
    pattern: "^[a-z][a-z0-9]*(\\+[a-z]+)?://[^\\s]*$",
    expects: "a libvirt URI such as qemu:///system, qemu:///session or qemu+ssh://root@kvm1/system",
    examples: ["qemu:///system", "qemu:///session", "qemu+ssh://root@kvm1/system"],
  },
  instances_path: {
    type: "string",
    description:
      "The directory on the host that holds everything: base images in _base, one directory per instance, locks. Default: /var/lib/virtform/instances, for a session below the home directory.",
    pattern: "^/[^\\u0000-\\u001f]*[^/\\u0000-\\u001f]$",
    expects: "an absolute path on the host, without a slash at its end",
    examples: ["/var/lib/virtform/instances", "/srv/instances"],
  },
  virt_type: {
    type: "string",
    description: "How guests run: kvm with hardware help, qemu emulated, auto is kvm where the host offers it and qemu elsewhere.",
    enum: ["auto", "kvm", "qemu", "lxc"],
    notYet: ["lxc"],
    default: "auto",
    examples: ["kvm"],
  },
  images_type: {
    type: "string",
    get description() {
      return `Where the disks of instances live unless an instance says otherwise: ${driverList()}.`;
    },
    get enum() {
      return driverNames();
    },
    default: defaultDriver,
    examples: ["flat"],
  },
  force_raw_images: {
    type: "boolean",
    description: "Convert every base image to raw when it is fetched. Off: it is kept in the format it comes in.",
    default: true,
    examples: [false],
  },
  preallocate_images: {
    type: "string",
    description:
      "space: reserve the whole size of flat and qcow2 disks when they are made; a filesystem that cannot is an error of the plan. none: disks grow as the guest writes.",
    enum: ["none", "space"],
    default: "none",
    examples: ["space"],
  },
  hw_disk_discard: {
    type: "string",
    description:
      "What becomes of space that a guest gives back (TRIM). unmap: the disk takes less, where its storage can. ignore: it is not passed on, and what was reserved or is written evenly stays so.",
    enum: ["unmap", "ignore"],
    default: "unmap",
    examples: ["ignore"],
  },
  max_disk_devices_to_attach: {
    type: "integer",
    description:
      "How many disks and drives a guest may have, the config drive among them and what it is rescued with not. -1: as many as it wants.",
    minimum: -1,
    default: -1,
    examples: [26],
  },
  default_ephemeral_format: {
    type: "string",
    description:
      "The filesystem of ephemeral disks that say none. Default: what the image's os_type stands for. For new disks; those that are there keep theirs.",
    enum: ["ext4", "ext3", "ext2", "xfs", "vfat", "ntfs"],
    examples: ["xfs"],
  },
} as const;

const limits = {
  reserved: {
    type: "object",
    description: "What is kept for the host itself and never given to guests.",
    additionalProperties: false,
    properties: {
      memory: sizeOr("512MiB", "Memory kept for the host.", ["512MiB", "4GiB"]),
      disk: sizeOr("0GiB", "Disk space kept for the host.", ["0GiB", "50GiB"]),
    },
  },
  allocation_ratio: {
    type: "object",
    description: "How much more than what is there may be promised to guests: 4.0 means four virtual for one real.",
    additionalProperties: false,
    properties: {
      vcpus: {
        type: "number",
        description: "Virtual CPUs per real CPU.",
        exclusiveMinimum: 0,
        maximum: 1000,
        default: 4,
        examples: [4.0, 16.0],
      },
      memory: {
        type: "number",
        description: "Promised memory per real memory.",
        exclusiveMinimum: 0,
        maximum: 1000,
        default: 1,
        examples: [1.0, 1.5],
      },
      disk: {
        type: "number",
        description: "Promised disk space per real disk space.",
        exclusiveMinimum: 0,
        maximum: 1000,
        default: 1,
        examples: [1.0, 2.0],
      },
    },
  },
} as const;

/** The `host` section: the machine, and what holds for everything on it. Drivers bring sections of their own. */
export const hostSchema = {
  type: "object",
  description: "The machine to work on, and what holds for everything on it. Optional: the defaults mean this machine.",
  additionalProperties: false,
  get properties(): typeof machine & typeof limits {
    return { ...machine, ...driverSections(), ...limits };
  },
} as const;

/** The sections of drivers that have one, by name. */
function driverSections(): Record<string, object> {
  return Object.fromEntries(allDrivers().flatMap(({ name, settings }) => (settings === undefined ? [] : [[name, settings.schema]])));
}

/** `qcow2 is a thin overlay on the base image, flat a raw file`: the default first. */
function driverList(): string {
  const drivers = allDrivers().sort((one, other) => Number(other.name === defaultDriver) - Number(one.name === defaultDriver));
  return drivers.map(({ name, traits }, index) => `${name} ${index === 0 ? "is " : ""}${traits.about}`).join(", ");
}
