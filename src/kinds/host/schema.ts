import { sizeOr } from "../schema-parts.ts";

/** The `host` section: the machine, and what holds for everything on it. */
export const hostSchema = {
  type: "object",
  description: "The machine to work on, and what holds for everything on it. Optional: the defaults mean this machine.",
  additionalProperties: false,
  properties: {
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
      description:
        "Where the disks of instances live unless an instance says otherwise: qcow2 is a thin overlay on the base image, flat a raw file, lvm a logical volume, rbd an image in Ceph, ploop a directory with a raw image and its descriptor.",
      enum: ["flat", "qcow2", "lvm", "rbd", "ploop"],
      default: "qcow2",
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
    lvm: {
      type: "object",
      description: "How disks are kept in LVM. For images_type: lvm.",
      additionalProperties: false,
      required: ["volume_group"],
      properties: {
        volume_group: {
          type: "string",
          description: "The volume group that holds the disks. It must exist. Another one replaces the disks that are there, with consent.",
          pattern: "^[a-zA-Z0-9+_.][a-zA-Z0-9+_.-]*$",
          expects: "the name of a volume group",
          examples: ["vg0"],
        },
        sparse: {
          type: "boolean",
          description: "Make volumes that take space only as the guest writes. The volume group must be watched: a full one stops guests.",
          default: false,
          examples: [true],
        },
        volume_clear: {
          type: "string",
          description: "What happens to the bytes of a volume before it is removed.",
          enum: ["none", "zero", "shred"],
          default: "zero",
          examples: ["none"],
        },
        volume_clear_size: sizeOr("0MiB", "How much of a volume is cleared, from its start. 0MiB is all of it.", ["0MiB", "100MiB"]),
      },
    },
    rbd: {
      type: "object",
      description: "How disks are kept in Ceph. For images_type: rbd.",
      additionalProperties: false,
      required: ["pool"],
      dependentRequired: { secret_uuid: ["user"], user: ["secret_uuid"] },
      properties: {
        pool: {
          type: "string",
          description: "The Ceph pool that holds the disks. It must exist. Another one replaces the disks that are there, with consent.",
          pattern: "^[a-zA-Z0-9_.][a-zA-Z0-9_.-]*$",
          expects: "the name of a pool: letters, digits, dots, underscores and hyphens",
          examples: ["vms"],
        },
        user: {
          type: "string",
          description: "The Ceph user, without client. in front. Without one, Ceph is used as it is configured (client.admin).",
          pattern: "^[a-zA-Z0-9_.][a-zA-Z0-9_.-]*$",
          expects: "the name of a Ceph user: letters, digits, dots, underscores and hyphens",
          examples: ["cinder"],
        },
        conf: {
          type: "string",
          description: "The Ceph configuration file on the host.",
          pattern: "^/[^\\u0000-\\u001f]*$",
          expects: "an absolute path on the host",
          default: "/etc/ceph/ceph.conf",
          examples: ["/etc/ceph/ceph.conf"],
        },
        secret_uuid: {
          type: "string",
          description: "The libvirt secret with the key of that user.",
          pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
          expects: "a uuid in lower case",
          examples: ["457eb676-33da-42ec-9a8c-9293d545c337"],
        },
        resize_snapshot: {
          type: "boolean",
          description:
            "Before a root disk grows, make a snapshot nova-resize of it, so that it can be rolled back. `virtform confirm` removes it.",
          default: true,
          examples: [false],
        },
      },
    },
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
  },
} as const;
