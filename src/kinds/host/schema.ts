import { allDrivers, defaultDriver, driverMeanings, driverNames, plainFileDriver } from "../../drivers/index.ts";
import { usualCacheName } from "../../model/layout.ts";
import { size, sizeOr } from "../schema-parts.ts";
import { usualPluggingTimeout } from "../terms/plugging.ts";

const machine = {
  uri: {
    type: "string",
    description:
      "libvirt connection: the system or session daemon of this machine, or of a remote host over ssh. Default: qemu:///system for root, qemu:///session for other users, lxc:///system with virt_type: lxc.",
    pattern: "^[a-z][a-z0-9]*(\\+[a-z0-9]+)?://[^\\s]*$",
    libvirtUri: true,
    expects: "a libvirt URI such as qemu:///system, qemu:///session or qemu+ssh://kvm1/system",
    examples: ["qemu:///system", "qemu:///session", "qemu+ssh://root@kvm1/system", "lxc:///system"],
  },
  instances_path: {
    type: "string",
    description:
      "Directory on the host for all files: base images in _base (image_cache_subdirectory_name), one directory per instance, locks. Default: /var/lib/virtform/instances; for a session, a directory below the home directory; with virt_type: lxc /var/lib/virtform/lxc, and at most 21 bytes.",
    pattern: "^/[^\\u0000-\\u001f]*[^/\\u0000-\\u001f]$",
    expects: "an absolute path on the host, without a slash at its end",
    examples: ["/var/lib/virtform/instances", "/srv/instances"],
  },
  image_cache_subdirectory_name: {
    type: "string",
    description:
      "Name of the directory of base images in the instances path. Projects that share base images, and Nova (its image_cache.subdirectory_name), need the same name. Disks that are backed by base images in another directory of the instances path are errors of the plan until that is moved (docs/images.md).",
    pattern:
      "^(?!(?:locks|journal|volumes|records|snapshots|compute_nodes)$)(?![0-9a-fA-F]{8}-[0-9a-fA-F]{4}-)[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$",
    expects:
      "the name of a directory, of letters, digits, dots, underscores and hyphens, which is neither a uuid nor that of another directory of the instances path (locks, journal, volumes, records, snapshots, compute_nodes)",
    default: usualCacheName,
    examples: ["_base_192.0.2.10", "images"],
  },
  role: {
    type: "string",
    description:
      "What sessions with this configuration may do. A reader plans and reports, and neither applies nor saves plans: for pipelines that must never change the host, usually as a variable.",
    enum: ["admin", "reader"],
    meanings: { admin: "Everything.", reader: "Only commands that change nothing." },
    default: "admin",
    examples: ["reader"],
  },
  event_hook: {
    type: "array",
    description:
      "A program of the machine that virtform runs on, with its arguments, that gets one JSON object on standard input for each step of an image: image.prepare, image.upload, image.activate, image.error. It has ten seconds; when it fails, the apply warns and goes on. Plans name it; a saved plan holds it, and its apply runs it.",
    items: { type: "string", minLength: 1 },
    minItems: 1,
    maxItems: 32,
    examples: [["/usr/local/bin/announce", "images"]],
  },
  image_peers: {
    type: "array",
    description:
      "Other hosts whose base images are used when the source of an image says that it does not exist (or no longer exists), the first one that has it. Each is reached by ssh from the machine that virtform runs on; the path is its instances path, by default that of this host. There base images are looked for in image_cache_subdirectory_name of this host, then in _base. Base images of Nova are used where a checksum proves them.",
    items: {
      type: "string",
      description: "ssh://[USER@]HOST[:PORT][/INSTANCES/PATH]",
      pattern: "^ssh://(?:[A-Za-z0-9_][\\w.+-]*@)?(?:[A-Za-z0-9][\\w.-]*|\\[[0-9a-fA-F:.]+\\])(?::\\d{1,5})?(?:/[^\\u0000-\\u001f]*)?$",
      expects: "ssh://USER@HOST, with the instances path of that host behind it where it is another one",
      examples: ["ssh://root@kvm2", "ssh://root@kvm3/var/lib/nova/instances"],
    },
    minItems: 1,
    maxItems: 16,
    uniqueItems: true,
    examples: [["ssh://root@kvm2", "ssh://root@kvm3/var/lib/nova/instances"]],
  },
  image_peers_first: {
    type: "boolean",
    description: "Whether peers are asked before the source of an image. false: only when the source does not have it.",
    default: false,
    examples: [true],
  },
  vif_plugging_timeout: {
    type: "string",
    description:
      "How long an apply waits for all interfaces of a guest together (ready) while the guest is paused. 0s: guests are not paused, and ready has no effect.",
    pattern: "^[0-9]{1,5}(s|m|h)$",
    expects: "a whole number and a unit, such as 90s, 5m or 1h",
    default: usualPluggingTimeout,
    examples: ["60s"],
  },
  vif_plugging_is_fatal: {
    type: "boolean",
    description:
      "What is done when interfaces of a guest are not ready in time. true: the guest is powered off before it ran, and the apply fails. false: the apply warns and resumes it.",
    default: true,
    examples: [false],
  },
  virt_type: {
    type: "string",
    description: "Virtualization type.",
    enum: ["auto", "kvm", "qemu", "lxc"],
    meanings: {
      auto: "kvm if the host supports it, else qemu.",
      kvm: "Hardware acceleration.",
      qemu: "Emulation.",
      lxc: "Containers of libvirt's LXC driver, which share the kernel of the host. All instances of the host are containers.",
    },
    default: "auto",
    examples: ["kvm"],
  },
  images_type: {
    type: "string",
    description: "Default storage driver of instance disks. With virt_type: lxc it is flat.",
    get enum() {
      return driverNames();
    },
    get meanings() {
      return driverMeanings();
    },
    default: defaultDriver,
    examples: [plainFileDriver],
  },
  force_raw_images: {
    type: "boolean",
    description: "Converts base images to raw when they are fetched. false: base images keep their original format.",
    default: true,
    examples: [false],
  },
  preallocate_images: {
    type: "string",
    description: "Whether the space of flat and qcow2 disks is reserved when they are created.",
    enum: ["none", "space"],
    meanings: {
      none: "Disks grow as the guest writes.",
      space: "The full size is reserved; the plan fails if the filesystem does not support it.",
    },
    default: "none",
    examples: ["space"],
  },
  hw_disk_discard: {
    type: "string",
    description: "Handling of guest discard (TRIM).",
    enum: ["unmap", "ignore"],
    meanings: {
      unmap: "Discarded space is returned to the storage, if it supports that.",
      ignore: "Discards are not passed on, so preallocated space stays allocated.",
    },
    default: "unmap",
    examples: ["ignore"],
  },
  max_disk_devices_to_attach: {
    type: "integer",
    description: "Maximum number of disks per guest, including the config drive and excluding the rescue disk. -1: unlimited.",
    minimum: -1,
    default: -1,
    examples: [26],
  },
  default_ephemeral_format: {
    type: "string",
    description: "Filesystem of ephemeral disks without a format. Default: depends on the image's os_type. Applies to new disks only.",
    enum: ["ext4", "ext3", "ext2", "xfs", "vfat", "ntfs"],
    examples: ["xfs"],
  },
} as const;

const quota = {
  size: size("Space that base images may take.", ["100GiB"]),
  images: { type: "integer", description: "Number of base images.", minimum: 0, examples: [50] },
} as const;

const limits = {
  image_retries: {
    type: "integer",
    description:
      "How often a download of an image from a web server is tried again without getting further, beside one attempt for each mirror. Default: 3, or without limit where image_retry_time is set.",
    minimum: 0,
    maximum: 100,
    examples: [10],
  },
  image_retry_time: {
    type: "string",
    description:
      "How long a download of an image from a web server is tried again without getting further. Default: as often as image_retries says.",
    pattern: "^[0-9]{1,5}(s|m|h)$",
    expects: "a whole number and a unit, such as 90s, 10m or 1h",
    examples: ["10m"],
  },
  image_size_cap: size("Longest image that is fetched, as published and unpacked. Default: what the filesystem has room for.", ["20GiB"]),
  image_cache_quota: {
    type: "object",
    description: "What the image cache may hold. A plan that would fetch more is an error; cached images stay.",
    additionalProperties: false,
    properties: {
      ...quota,
      per_project: {
        type: "object",
        description: "The same for what this project fetched.",
        additionalProperties: false,
        properties: quota,
        examples: [{ images: 10 }],
      },
    },
    examples: [{ size: "100GiB", images: 50 }],
  },
  reserved: {
    type: "object",
    description: "Resources reserved for the host itself.",
    additionalProperties: false,
    properties: {
      memory: sizeOr("512MiB", "Memory reserved for the host.", ["512MiB", "4GiB"]),
      disk: sizeOr("0GiB", "Disk space reserved for the host.", ["0GiB", "50GiB"]),
    },
  },
  allocation_ratio: {
    type: "object",
    description: "Overcommit ratios: 4.0 allows four virtual per physical unit.",
    additionalProperties: false,
    properties: {
      vcpus: {
        type: "number",
        description: "Virtual CPUs per physical CPU.",
        exclusiveMinimum: 0,
        default: 4,
        examples: [4.0, 16.0],
      },
      memory: {
        type: "number",
        description: "Guest memory per physical memory.",
        exclusiveMinimum: 0,
        default: 1,
        examples: [1.0, 1.5],
      },
      disk: {
        type: "number",
        description: "Virtual disk size per physical disk space.",
        exclusiveMinimum: 0,
        default: 1,
        examples: [1.0, 2.0],
      },
    },
  },
  limits: {
    type: "object",
    description:
      "Absolute limits beside the ratios: guests of other projects and other guests of the host count, also those that are off. A plan that adds something beyond a limit is rejected. Default: none.",
    additionalProperties: false,
    properties: {
      vcpus: { type: "integer", description: "Virtual CPUs of all guests of the host.", minimum: 0, examples: [32] },
      memory: size("Memory of all guests of the host.", ["64GiB"]),
      disk: size("Virtual size of all disks and volumes of this project that are files on the host.", ["1TiB"]),
    },
  },
} as const;

/** The `host` section: the machine and the settings of all objects on it. Drivers add sections of their own. */
export const hostSchema = {
  type: "object",
  description: "The libvirt host and the settings of all objects on it. Optional: the default is this machine.",
  additionalProperties: false,
  dependentRequired: { image_peers_first: ["image_peers"] },
  get properties(): typeof machine & typeof limits {
    return { ...machine, ...driverSections(), ...limits };
  },
} as const;

/** The sections of drivers that have one, by name. */
function driverSections(): Record<string, object> {
  return Object.fromEntries(allDrivers().flatMap(({ name, settings }) => (settings === undefined ? [] : [[name, settings.schema]])));
}
