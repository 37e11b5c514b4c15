import { driverMeanings, driverNames, plainFileDriver } from "../../drivers/index.ts";
import { configDriveSchema } from "../config/config-drive-schema.ts";
import { encryptionSchema } from "../config/encryption-schema.ts";
import { ephemeralsSchema } from "../config/ephemerals-schema.ts";
import { filesSchema } from "../config/files-schema.ts";
import { hardwareKeys, hostKeys, powerKeys } from "../config/hardware/schema.ts";
import { injectSchema } from "../config/inject-schema.ts";
import { groupNames, portFilters } from "../config/port-filter-schema.ts";
import { rescueSchema } from "../config/rescue-schema.ts";
import { secretExpectation, secretForms } from "../config/secret-schema.ts";
import { domainPatchSchema } from "../guest/domain-patch-schema.ts";
import { interfaceSchema } from "../guest/interface-schema.ts";
import { waitSchema } from "../guest/ready/wait-schema.ts";
import { powerStateSchema } from "../power/power-state-schema.ts";
import { size } from "../schema-parts.ts";
import { adoptedDisksSchema } from "./adopt/adopted-disks-schema.ts";
import { attachedVolumesSchema } from "./attached-volumes-schema.ts";
import { userDataSchema } from "./seed/user-data-schema.ts";

/** Keys of an instance that are about what virtform makes for it, which it makes nothing of for an adopted one. */
const notAdopted = [
  "count",
  "image",
  "images_type",
  "config_drive",
  "user_data",
  "key_pair",
  "metadata",
  "admin_password",
  "encryption",
  "ephemerals",
  "swap",
  "rescue",
  "hostname",
  "foreign",
  "files",
  "inject",
  "wait_for",
] as const;

/** One entry of `instances`: a guest, or `count` identical ones. */
export const instanceSchema = {
  type: "object",
  description: "A guest: image, size and first-boot data. `count` creates several identical guests.",
  additionalProperties: false,
  required: ["flavor"],
  anyOf: [{ required: ["image"] }, { required: ["volumes"] }, { required: ["adopt"] }],
  examples: [{ image: "debian-13", flavor: "m1.small" }],
  expects: "image, or volumes with one that has boot_index: 0",
  together: [
    {
      key: "adopt",
      needs: ["uuid"],
      excludes: notAdopted,
      why: "An adopted instance is a guest that exists: uuid says which, and its disks and first-boot data are not made by virtform.",
    },
    {
      key: "disks",
      needs: ["adopt"],
      excludes: [],
      why: "Only an adopted instance has disks that virtform did not create. Other disks come from image, ephemerals and volumes.",
    },
  ],
  synonyms: {
    ssh_key: "key_pair",
    ssh_keys: "key_pair",
    key: "key_pair",
    key_name: "key_pair",
    keys: "key_pair",
    public_key: "key_pair",
    ssh_authorized_keys: "key_pair",
    keypair: "key_pair",
    nics: "networks",
    network: "networks",
    interfaces: "networks",
    network_interfaces: "networks",
    state: "power_state",
    status: "power_state",
    running: "power_state",
    cloud_init: "user_data",
    cloud_config: "user_data",
    userdata: "user_data",
    replicas: "count",
    password: "admin_password",
    admin_pass: "admin_password",
    base_image: "image",
    template: "image",
    instance_type: "flavor",
    size: "flavor",
    tags: "metadata",
    labels: "metadata",
    host_name: "hostname",
    protected: "prevent_destroy",
  },
  elsewhere: Object.fromEntries([
    ...["vcpus", "vcpu", "cpus", "cores", "memory", "ram", "disk", "root_disk", "ephemeral", "extra_specs"].map((key) => [
      key,
      "The size of a guest is in its flavor: flavors: { NAME: { vcpus: 2, ram: 2GiB, disk: 20GiB } }.",
    ]),
    ["disks", "The root disk has the size of the flavor. Other disks are ephemerals, which go with the guest, or volumes, which are kept."],
    ["name", "The name of an instance is the key of its entry."],
    ...["ip", "ips", "address", "addresses", "ip_address", "mac", "ipv4", "ipv6", "gateway"].map((key) => [
      key,
      "Addresses belong to an interface: networks: [{ network: default, addresses: [192.168.122.10] }].",
    ]),
    ["depends_on", "The order follows from what refers to what: images, volumes and networks come before their guests."],
    ["lifecycle", "`prevent_destroy: true` of the instance protects it."],
    ["provider", "The host is described once, under host."],
    ["host", "The host is described once, under host. For several hosts give each its configuration: `--host NAME=PATH`."],
    ["env", "Guests get text through metadata, user_data and files."],
    ["environment", "Guests get text through metadata, user_data and files."],
    ["properties", "Image properties are in the entry of images, extra specs in the flavor."],
  ]) as Readonly<Record<string, string>>,
  properties: {
    count: {
      type: "integer",
      description: "Number of identical instances, named NAME-0, NAME-1, … (also if count is 1). Without count: one instance named NAME.",
      minimum: 0,
      maximum: 100_000,
      examples: [3],
    },
    image: {
      type: "string",
      description: "Image of the root disk: a name from images. Without an image, the instance boots from the volume with boot_index: 0.",
      reference: "images",
      examples: ["debian-13"],
    },
    flavor: { type: "string", description: "Size of the instance: a name from flavors.", reference: "flavors", examples: ["m1.small"] },
    power_state: powerStateSchema,
    restart: {
      type: "string",
      description: "What is done for a change that a running guest cannot take.",
      enum: ["never", "when_needed"],
      meanings: {
        never: "The change waits for the next cold start of the guest (pending); `virtform restart` does it.",
        when_needed: "Apply restarts the guest.",
      },
      default: "never",
      examples: ["when_needed"],
    },
    wait_for: waitSchema,
    init: {
      type: "array",
      description: "With virt_type: lxc, the program in the container that is started, as an absolute path, and its arguments.",
      items: {
        type: "string",
        description: "The program, or an argument of it.",
        pattern: "^[^\\u0000-\\u001f]*$",
        maxLength: 1024,
        expects: "text without control characters",
        examples: ["/sbin/init"],
      },
      minItems: 1,
      maxItems: 64,
      default: ["/sbin/init"],
      examples: [["/bin/busybox", "httpd", "-f"]],
    },
    images_type: {
      type: "string",
      description: "Storage driver of its disks. Default: images_type of host.",
      get enum() {
        return driverNames();
      },
      get meanings() {
        return driverMeanings();
      },
      examples: [plainFileDriver],
    },
    config_drive: configDriveSchema,
    user_data: userDataSchema,
    key_pair: {
      type: "string",
      description: "SSH key that the guest accepts: a name from key_pairs.",
      reference: "key_pairs",
      examples: ["ops"],
    },
    files: filesSchema,
    inject: injectSchema,
    metadata: {
      type: "object",
      description: "Arbitrary key/value pairs, exposed to the guest as `meta`. Values are strings.",
      additionalProperties: { type: "string", description: "The value.", maxLength: 255, examples: ["web"] },
      propertyNames: { type: "string", minLength: 1, maxLength: 255, expects: "a key of at most 255 characters" },
      examples: [{ role: "web" }],
    },
    admin_password: {
      description:
        "Reference to the administrator's password: { env: NAME }, { file: PATH } or { command: [PROGRAM, …] }. It is written to the config drive only. With inject it is root's password, of which the disk gets a SHA-512 hash; a value that is a hash already ($y$, $6$ …) stays as it is.",
      anyOf: secretForms,
      secret: true,
      expects: secretExpectation,
      examples: [{ env: "WEB_PASSWORD" }, { command: ["pass", "show", "web/admin"] }],
    },
    encryption: encryptionSchema(
      "Encrypts the root disk, ephemerals and swap with LUKS: within the files of qcow2, around the whole disk with flat, lvm and rbd; ploop cannot. Enabling or disabling it recreates the disks. Base images, the config drive and volumes are not encrypted by it.",
    ),
    networks: {
      type: "array",
      description: "Network interfaces, in order. Default: none.",
      items: interfaceSchema,
      maxItems: 28,
      default: [],
      examples: [[{ network: "default" }], [{ bridge: "br0", model: "virtio" }], [{ name: "front", network: "default" }]],
    },
    security_groups: {
      ...groupNames,
      description: "Security groups of all interfaces that name none themselves. Default: interfaces are not filtered.",
    },
    port_filter: {
      ...portFilters,
      description:
        "Whether what the interfaces send and receive is filtered. Default: on with security_groups, otherwise nothing is changed.",
    },
    ephemerals: ephemeralsSchema,
    swap: size("Size of the swap disk, at most the flavor's swap; 0MiB: no swap disk. Default: the flavor's swap.", ["512MiB", "0MiB"], {
      multipleOf: "1MiB",
    }),
    volumes: attachedVolumesSchema,
    rescue: rescueSchema,
    ...hardwareKeys,
    ...hostKeys,
    ...powerKeys,
    autostart: {
      type: "boolean",
      description: "Whether libvirt starts the guest when the host boots.",
      default: false,
      examples: [true],
    },
    domain_xml: domainPatchSchema,
    foreign: {
      type: "string",
      description: "Settings of the guest's definition in libvirt that virtform does not manage, made by people or other programs.",
      enum: ["keep", "forbid"],
      meanings: { keep: "They stay, and plans name them.", forbid: "They are drift, and apply removes them." },
      default: "keep",
      examples: ["forbid"],
    },
    rebuild: {
      type: "string",
      description: "Which changes of the image recreate the root disk, with consent.",
      enum: ["manual", "on_name_change", "on_image_change"],
      meanings: {
        manual: "None. The plan says that the instance is behind its image, and `virtform apply --replace NAME` rebuilds it.",
        on_name_change: "Another image by name.",
        on_image_change: "Another image by name, or new content (source or checksum) under the same name.",
      },
      default: "on_name_change",
      examples: ["manual"],
    },
    renamed_from: {
      type: "string",
      description:
        "The name that this entry had before. An instance of that name is renamed and keeps its uuid, disks and MAC addresses; a running guest gets its name in libvirt with its next restart. Without such an instance the key has no effect and can be removed. Adding or removing count needs no key: web and web-0 are the same instance.",
      formerly: "instances",
      minLength: 1,
      examples: ["www"],
    },
    adopt: {
      type: "boolean",
      const: true,
      description:
        "The instance is the existing domain with this uuid, made by other programs. apply labels it; of its definition virtform then manages what is written here, and leaves everything else as it is. `virtform adopt` writes such entries.",
      expects: "true",
      examples: [true],
    },
    disks: adoptedDisksSchema,
    prevent_destroy: {
      type: "boolean",
      description:
        "Rejects every plan that deletes or replaces the instance. Stored on the object, so it also protects an instance that was removed from the file.",
      default: false,
      examples: [true],
    },
    uuid: {
      type: "string",
      description: "UUID of the instance. Default: derived from project and name, and therefore stable.",
      pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
      expects: "a uuid in lower case, such as 0d3c1fc6-6d0f-4b8a-9c53-3f6c2f1f9a11",
      unique: true,
      examples: ["0d3c1fc6-6d0f-4b8a-9c53-3f6c2f1f9a11"],
    },
    hostname: {
      type: "string",
      description: "Host name of the guest. Default: the instance name.",
      pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$",
      maxLength: 253,
      advisedLength: {
        maximum: 64,
        summary: "The host name is longer than Linux allows",
        why: "Linux takes at most 64 as host name, so cloud-init and hostname(1) fail with this one. Use a shorter name; the domain can be set in the guest.",
      },
      expects: "a host name: lower-case letters, digits and hyphens, with dots between its parts",
      notCounted: true,
      examples: ["web.example.org"],
    },
  },
} as const;
