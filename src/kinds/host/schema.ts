import { sizeOr } from "../schema-parts.ts";

/** The `host` section: the machine and the settings of all objects on it. */
export const hostSchema = {
  type: "object",
  description: "The libvirt host and the settings of all objects on it. Optional: the default is this machine.",
  additionalProperties: false,
  properties: {
    uri: {
      type: "string",
      description:
        "libvirt connection: the system or session daemon of this machine, or of a remote host over ssh. Default: qemu:///system for root, qemu:///session for other users.",
      pattern: "^[a-z][a-z0-9]*(\\+[a-z]+)?://[^\\s]*$",
      expects: "a libvirt URI such as qemu:///system, qemu:///session or qemu+ssh://root@kvm1/system",
      examples: ["qemu:///system", "qemu:///session", "qemu+ssh://root@kvm1/system"],
    },
    instances_path: {
      type: "string",
      description:
        "Directory on the host for all files: base images in _base, one directory per instance, locks. Default: /var/lib/virtform/instances; for a session, a directory below the home directory.",
      pattern: "^/[^\\u0000-\\u001f]*[^/\\u0000-\\u001f]$",
      expects: "an absolute path on the host, without a slash at its end",
      examples: ["/var/lib/virtform/instances", "/srv/instances"],
    },
    virt_type: {
      type: "string",
      description: "Virtualization type: kvm (hardware acceleration), qemu (emulation), or auto (kvm if the host supports it, else qemu).",
      enum: ["auto", "kvm", "qemu", "lxc"],
      notYet: ["lxc"],
      default: "auto",
      examples: ["kvm"],
    },
    images_type: {
      type: "string",
      description:
        "Default storage driver of instance disks. qcow2: thin overlay on the base image. flat: raw file. lvm: logical volume. rbd: Ceph image. ploop: directory with a raw image and its descriptor.",
      enum: ["flat", "qcow2", "lvm", "rbd", "ploop"],
      default: "qcow2",
      examples: ["flat"],
    },
    force_raw_images: {
      type: "boolean",
      description: "Converts base images to raw when they are fetched. false: base images keep their original format.",
      default: true,
      examples: [false],
    },
    preallocate_images: {
      type: "string",
      description:
        "space: reserves the full size of flat and qcow2 disks when they are created; the plan fails if the filesystem does not support it. none: disks grow as the guest writes.",
      enum: ["none", "space"],
      default: "none",
      examples: ["space"],
    },
    hw_disk_discard: {
      type: "string",
      description:
        "Handling of guest discard (TRIM). unmap: discarded space is returned to the storage, if it supports that. ignore: discards are not passed on, so preallocated space stays allocated.",
      enum: ["unmap", "ignore"],
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
    lvm: {
      type: "object",
      description: "Settings of images_type lvm.",
      additionalProperties: false,
      required: ["volume_group"],
      properties: {
        volume_group: {
          type: "string",
          description: "Volume group of the disks. It must exist. Changing it replaces existing disks, after consent.",
          pattern: "^[a-zA-Z0-9+_.][a-zA-Z0-9+_.-]*$",
          expects: "the name of a volume group",
          examples: ["vg0"],
        },
        sparse: {
          type: "boolean",
          description: "Creates thin volumes that take space as the guest writes. Monitor the volume group: guests stop when it is full.",
          default: false,
          examples: [true],
        },
        volume_clear: {
          type: "string",
          description: "How the data of a volume is erased before the volume is removed.",
          enum: ["none", "zero", "shred"],
          default: "zero",
          examples: ["none"],
        },
        volume_clear_size: sizeOr("0MiB", "How much of a volume is erased, from its start. 0MiB: the whole volume.", ["0MiB", "100MiB"]),
      },
    },
    rbd: {
      type: "object",
      description: "Settings of images_type rbd.",
      additionalProperties: false,
      required: ["pool"],
      dependentRequired: { secret_uuid: ["user"], user: ["secret_uuid"] },
      properties: {
        pool: {
          type: "string",
          description: "Ceph pool of the disks. It must exist. Changing it replaces existing disks, after consent.",
          pattern: "^[a-zA-Z0-9_.][a-zA-Z0-9_.-]*$",
          expects: "the name of a pool: letters, digits, dots, underscores and hyphens",
          examples: ["vms"],
        },
        user: {
          type: "string",
          description: "Ceph user without the prefix `client.`. Default: the user of the Ceph configuration (client.admin).",
          pattern: "^[a-zA-Z0-9_.][a-zA-Z0-9_.-]*$",
          expects: "the name of a Ceph user: letters, digits, dots, underscores and hyphens",
          examples: ["cinder"],
        },
        conf: {
          type: "string",
          description: "Ceph configuration file on the host.",
          pattern: "^/[^\\u0000-\\u001f]*$",
          expects: "an absolute path on the host",
          default: "/etc/ceph/ceph.conf",
          examples: ["/etc/ceph/ceph.conf"],
        },
        secret_uuid: {
          type: "string",
          description: "UUID of the libvirt secret that holds the user's key.",
          pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
          expects: "a uuid in lower case",
          examples: ["457eb676-33da-42ec-9a8c-9293d545c337"],
        },
        resize_snapshot: {
          type: "boolean",
          description:
            "Creates a snapshot named nova-resize before a root disk grows, so that the growth can be rolled back. `virtform confirm` removes it.",
          default: true,
          examples: [false],
        },
      },
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
  },
} as const;
