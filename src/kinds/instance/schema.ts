import { driverNames } from "../../drivers/index.ts";
import { size } from "../schema-parts.ts";

/** One network interface of an instance. */
const networkSchema = {
  type: "object",
  description: "One network interface. Says what it is connected to by exactly one of network, bridge and user.",
  additionalProperties: false,
  oneOf: [{ required: ["network"] }, { required: ["bridge"] }, { required: ["user"] }],
  expects: "exactly one of network, bridge and user",
  properties: {
    network: { type: "string", description: "Name of a libvirt network of the host.", minLength: 1, maxLength: 255, examples: ["default"] },
    bridge: {
      type: "string",
      description: "Name of a bridge of the host.",
      pattern: "^[^\\s/:]{1,15}$",
      expects: "the name of a bridge device, at most 15 characters",
      examples: ["br0"],
    },
    user: {
      type: "boolean",
      const: true,
      description: "The guest reaches out through the qemu process and cannot be reached: needs no rights on the host.",
      expects: "true",
      examples: [true],
    },
    mac: {
      type: "string",
      description: "Hardware address. Default: derived from project, instance and position, so it stays the same.",
      pattern: "^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$",
      expects: "six pairs of lower-case hex digits with colons, the first one even (not a multicast address)",
      unique: true,
      examples: ["52:54:00:12:34:56"],
    },
    model: {
      type: "string",
      description: "The network card that the guest sees. Default: hw_vif_model of the image, else virtio.",
      enum: ["virtio", "e1000", "e1000e", "rtl8139", "ne2k_pci", "pcnet"],
      examples: ["virtio"],
    },
  },
} as const;

/** One disk that an instance declares beside its root disk. */
const ephemeralSchema = {
  type: "object",
  description: "One additional disk, which lives and dies with the instance.",
  additionalProperties: false,
  required: ["size"],
  properties: {
    size: size("Its size.", ["10GiB"], { minimum: "1MiB", multipleOf: "1MiB" }),
    format: {
      type: "string",
      description:
        "The filesystem that it comes with. Another one means another disk. Default: default_ephemeral_format of host, else ext4 for Linux images, ntfs for Windows images, else vfat; a disk that is there then keeps what it has.",
      enum: ["ext4", "ext3", "ext2", "xfs", "vfat", "ntfs"],
      examples: ["ext4"],
    },
    boot_index: {
      type: "integer",
      description: "When it is tried for booting: 1 after the root disk, then 2, and so on. -1: never. Default: never.",
      minimum: -1,
      examples: [1],
    },
  },
} as const;

/** One volume that an instance attaches. */
const attachedVolumeSchema = {
  type: "object",
  description: "One volume that the guest gets as a disk.",
  additionalProperties: false,
  required: ["volume"],
  properties: {
    volume: {
      type: "string",
      description: "Its name in volumes. A volume can be attached to one instance at a time.",
      reference: "volumes",
      unique: true,
      examples: ["data"],
    },
    device: {
      type: "string",
      description:
        "The name of the disk, which also says its bus: vd is virtio, sd scsi, hd ide (of the old PC, four at most). Default: the next free one. The guest may call it otherwise.",
      pattern: "^((vd|sd)[a-z]{1,2}|hd[a-d])$",
      expects: "the name of a disk, such as vdb, sda or, up to hdd, hda",
      examples: ["vdb"],
    },
    boot_index: {
      type: "integer",
      description:
        "When it is tried for booting. 0: it is the root disk, of an instance without an image; what the volume was made from says about the hardware holds here. 1 after that, then 2, and so on. -1: never. Default: never.",
      minimum: -1,
      examples: [0, 1],
    },
  },
} as const;

const environmentName = {
  type: "string",
  description: "Name of an environment variable of the virtform process; its value is read when it is needed and never saved.",
  pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
  expects: "the name of an environment variable: letters, digits and underscores",
  examples: ["WEB_PASSWORD"],
} as const;

/** How the disks of an instance are encrypted. */
const encryptionSchema = {
  type: "object",
  description:
    "Encrypt its root disk, ephemerals and swap (LUKS, inside the qcow2 files). For images_type qcow2 only. Turning it on or off makes the disks anew. Base images, the config drive and volumes are not encrypted.",
  additionalProperties: false,
  required: ["passphrase"],
  properties: {
    passphrase: {
      description:
        "The passphrase, by reference: { env: NAME }, or { file: PATH } of a file on the machine that virtform runs on. Disks keep the one that they were made with.",
      anyOf: [
        { type: "object", additionalProperties: false, required: ["env"], properties: { env: environmentName } },
        {
          type: "object",
          additionalProperties: false,
          required: ["file"],
          properties: {
            file: {
              type: "string",
              description:
                "Path of a file that holds the passphrase and nothing else, relative to this file. A line end after it does not count.",
              minLength: 1,
              path: "absolute",
              examples: ["./disk.passphrase"],
            },
          },
        },
      ],
      secret: true,
      expects: "{ env: NAME } or { file: PATH }: a secret is named, never written into the file",
      examples: [{ env: "DISK_PASSPHRASE" }, { file: "./disk.passphrase" }],
    },
  },
  examples: [{ passphrase: { env: "DISK_PASSPHRASE" } }],
} as const;

/** One entry of `instances`: a guest, or several alike. */
export const instanceSchema = {
  type: "object",
  description: "A guest: what it is made from, how large it is, and what it is told when it first starts. With count, several alike.",
  additionalProperties: false,
  required: ["flavor"],
  anyOf: [{ required: ["image"] }, { required: ["volumes"] }],
  expects: "image, or volumes with one that has boot_index: 0",
  notYet: ["security_groups", "files"],
  properties: {
    count: {
      type: "integer",
      description:
        "Number of such instances. With it they are called NAME-0, NAME-1, … (also when it is 1); without it there is one called NAME.",
      minimum: 0,
      maximum: 1000,
      examples: [3],
    },
    image: {
      type: "string",
      description:
        "The image that its root disk is made from: a name from images. Without it, it boots from the volume that has boot_index: 0.",
      reference: "images",
      examples: ["debian-13"],
    },
    flavor: { type: "string", description: "How large it is: a name from flavors.", reference: "flavors", examples: ["m1.small"] },
    power_state: {
      type: "string",
      description: "running: it is started and kept so. stopped: it is shut down. ignore: whatever it is, it stays.",
      enum: ["running", "stopped", "ignore"],
      default: "running",
      examples: ["stopped"],
    },
    images_type: {
      type: "string",
      description: "Where its disks live. Default: images_type of host.",
      get enum() {
        return driverNames();
      },
      examples: ["flat"],
    },
    config_drive: {
      description:
        "The small read-only drive by which a guest learns its name, keys and user data (cloud-init reads it). There is no other way, so it is on.",
      anyOf: [
        { type: "boolean" },
        {
          type: "object",
          additionalProperties: false,
          required: ["format"],
          properties: {
            format: {
              type: "string",
              description: "The filesystem of the drive: a CD image, or vfat on a disk for guests that cannot read CDs.",
              enum: ["iso9660", "vfat"],
              examples: ["vfat"],
            },
          },
        },
      ],
      expects: "true, false or { format: iso9660 | vfat }",
      default: true,
      examples: [false, { format: "vfat" }],
    },
    user_data: {
      description:
        "What cloud-init in the guest is told: text, or a path that starts with ./ or ../ or / (relative to this file), or { file: PATH }, or { env: NAME } for text that is secret.",
      anyOf: [
        { type: "string" },
        {
          type: "object",
          additionalProperties: false,
          required: ["file"],
          properties: {
            file: {
              type: "string",
              description: "Path of the file, relative to this file.",
              minLength: 1,
              examples: ["./web.cloud-config"],
            },
          },
        },
        { type: "object", additionalProperties: false, required: ["env"], properties: { env: environmentName } },
      ],
      textInput: { maximumEncoded: 65535 },
      expects: "text, a path such as ./web.cloud-config, { file: PATH } or { env: NAME }",
      examples: ["./web.cloud-config", "#cloud-config\npackages: [nginx]\n", { file: "web.cloud-config" }, { env: "WEB_USER_DATA" }],
    },
    key_pair: {
      type: "string",
      description: "The ssh key that the guest shall accept: a name from key_pairs.",
      reference: "key_pairs",
      examples: ["ops"],
    },
    metadata: {
      type: "object",
      description: "Free words about the instance, told to the guest as meta. Values are strings.",
      additionalProperties: { type: "string", description: "The value.", maxLength: 255, examples: ["web"] },
      propertyNames: { type: "string", minLength: 1, maxLength: 255, expects: "a key of at most 255 characters" },
      examples: [{ role: "web" }],
    },
    admin_password: {
      type: "object",
      description: "The administrator's password, by reference: { env: NAME }. It goes to the config drive and nowhere else.",
      additionalProperties: false,
      required: ["env"],
      properties: { env: environmentName },
      secret: true,
      expects: "{ env: NAME }: a secret is named, never written into the file",
      examples: [{ env: "WEB_PASSWORD" }],
    },
    encryption: encryptionSchema,
    networks: {
      type: "array",
      description: "Its network interfaces, in order. Default: none.",
      items: networkSchema,
      maxItems: 28,
      default: [],
      examples: [[{ network: "default" }], [{ bridge: "br0", model: "virtio" }]],
    },
    ephemerals: {
      type: "array",
      description:
        "Additional disks with empty filesystems, labelled ephemeral0, ephemeral1, …. Together at most what the flavor has as ephemeral; without this key, one disk has all of it.",
      items: ephemeralSchema,
      maxItems: 16,
      examples: [[{ size: "5GiB", format: "ext4" }, { size: "5GiB" }]],
    },
    swap: size("Size of its swap disk, at most what the flavor has; 0MiB is none. Default: what the flavor has.", ["512MiB", "0MiB"], {
      multipleOf: "1MiB",
    }),
    volumes: {
      type: "array",
      description: "Volumes that it uses. They are attached in this order, and stay when the instance goes.",
      items: attachedVolumeSchema,
      maxItems: 26,
      examples: [[{ volume: "data" }], [{ volume: "data", device: "vdb" }]],
    },
    rescue: {
      description:
        "Boot it from a fresh disk with its own disks beside it, to repair them. true: a disk of its own image. { image: NAME }: of another one. Going in and out restarts a running guest; what was written to the fresh disk is then gone.",
      anyOf: [
        { type: "boolean" },
        {
          type: "object",
          additionalProperties: false,
          required: ["image"],
          properties: {
            image: {
              type: "string",
              description:
                "The image to boot: a name from images. Its properties hw_rescue_device (disk or cdrom) and hw_rescue_bus keep the names of the other disks as they are.",
              reference: "images",
              examples: ["debian-13"],
            },
          },
        },
      ],
      expects: "true, false or { image: NAME }",
      default: false,
      examples: [true, { image: "debian-13" }],
    },
    prevent_destroy: {
      type: "boolean",
      description:
        "Refuse every plan that would delete or replace it. Kept on the object: it protects even when the file no longer names it.",
      default: false,
      examples: [true],
    },
    uuid: {
      type: "string",
      description: "Its uuid. Default: derived from project and name, so that it is the same on every run.",
      pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
      expects: "a uuid in lower case, such as 0d3c1fc6-6d0f-4b8a-9c53-3f6c2f1f9a11",
      unique: true,
      examples: ["0d3c1fc6-6d0f-4b8a-9c53-3f6c2f1f9a11"],
    },
    hostname: {
      type: "string",
      description: "What the guest calls itself. Default: its name.",
      pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$",
      maxLength: 253,
      expects: "a host name: lower-case letters, digits and hyphens, with dots between its parts",
      notCounted: true,
      examples: ["web.example.org"],
    },
  },
} as const;
