import { driverMeanings, driverNames, plainFileDriver } from "../../drivers/index.ts";
import { layeredFormat } from "../../tools/image-format.ts";
import { encryptionSchema } from "../config/encryption-schema.ts";
import { filesSchema } from "../config/files-schema.ts";
import { hardwareKeys, hostKeys, powerKeys } from "../config/hardware/schema.ts";
import { injectSchema } from "../config/inject-schema.ts";
import { byCommand, environmentName, secretExpectation, secretForms } from "../config/secret-schema.ts";
import { size } from "../schema-parts.ts";
import { usualWait } from "../terms/guest-wait.ts";

/** One of several IP addresses. */
const addressOf = <const Example extends string>(example: Example) =>
  ({
    type: "string",
    description: "An IPv4 or IPv6 address.",
    pattern: "^[0-9a-fA-F:.]{2,45}$",
    expects: "an IPv4 or IPv6 address",
    notCounted: true,
    examples: [example],
  }) as const;

/** Names of security groups. */
const groupNames = {
  type: "array",
  items: { type: "string", description: "Name of an entry of security_groups.", reference: "security_groups", examples: ["web"] },
  uniqueItems: true,
  maxItems: 20,
  examples: [["web"], ["web", "ssh"]],
} as const;

/** Who filters what goes through interfaces. */
const portFilters = {
  type: "string",
  enum: ["on", "external", "none"],
  meanings: {
    on: "The guest sends from its own MAC and IP addresses only, and its security groups say which connections are allowed. Needs security_groups.",
    external: "Another program filters. A filter that it sets in the definition stays.",
    none: "Nothing is filtered. A filter in the definition is removed.",
  },
  examples: ["none"],
} as const;

/** What an interface has to be before the guest runs. */
const readyState = {
  type: "string",
  description: "State of the device of the interface on the host.",
  enum: ["link", "bridge"],
  meanings: {
    link: "The device is up and has a carrier; of a macvtap: the device below it.",
    bridge: "The device is a port of the bridge that the interface is connected to.",
  },
  refusedValues: Object.fromEntries(
    ["address", "agent", "ssh", "cloud_init"].map((what) => [
      what,
      `It comes only when the guest runs: wait_for: ${what} of the instance.`,
    ]),
  ),
  examples: ["link"],
} as const;

const readyOther = {
  type: "object",
  description: "Another bridge, or what a program of the host says.",
  additionalProperties: false,
  oneOf: [{ required: ["bridge"] }, { required: ["command"] }],
  expects: "{ bridge: NAME } or { command: [PROGRAM, …] }",
  examples: [{ bridge: "br-int" }],
  properties: {
    bridge: {
      type: "string",
      description: "Name of the bridge (Linux or Open vSwitch) that the device has to be a port of.",
      pattern: "^[^\\s/:]{1,15}$",
      expects: "the name of a bridge device, at most 15 characters",
      examples: ["br-int"],
    },
    command: {
      type: "array",
      description:
        "A program of the host that runs the guest, with its arguments; no shell. It exits with 0 when the interface is ready, with 1 when it is not yet, then it is run again a second later; any other exit code means that it will not be. It may also wait itself. VIRTFORM_INTERFACE in its environment is the device on the host, VIRTFORM_MAC the MAC address, VIRTFORM_NIC the name of the interface, VIRTFORM_INSTANCE and VIRTFORM_UUID the instance.",
      items: { type: "string", minLength: 1 },
      minItems: 1,
      maxItems: 32,
      examples: [["/usr/local/bin/port-up", "dmz"]],
    },
  },
} as const;

const wholeKib = { minimum: "1KiB", multipleOf: "1KiB" } as const;

/** How much an interface may carry. */
const rates = {
  average: size("Bytes in a second, over a longer time.", ["10MiB"], wholeKib),
  burst: size("Bytes that may go faster at once.", ["64MiB"], wholeKib),
} as const;

/** OpenStack's types of ports that are a function of a network card (SR-IOV), or the card itself. */
const sriov = Object.fromEntries(
  ["direct", "direct-physical", "vdpa", "virtio-forwarder", "accelerator-direct", "accelerator-direct-physical"].map((type) => [
    type,
    'Interfaces that are a function of a network card (SR-IOV) are not supported as networks. Pass the function through as a device of the instance: hostdevs: [{ pci: "0000:3b:02.0" }], with its MAC address and VLAN set on the host (ip link set CARD vf NUMBER mac ADDRESS vlan ID). Or use a network of type macvtap, and remove vnic_type.',
  ]),
);

/** One network interface of an instance. */
const networkSchema = {
  type: "object",
  description: "One network interface, connected by exactly one of network, bridge and user.",
  additionalProperties: false,
  oneOf: [{ required: ["network"] }, { required: ["bridge"] }, { required: ["user"] }],
  expects: "exactly one of network, bridge and user, such as { network: default }",
  synonyms: { name: "network", source: "network", mac_address: "mac", type: "model", driver: "model" },
  examples: [{ network: "default" }],
  properties: {
    name: {
      type: "string",
      description:
        'Name of the interface within the instance. The derived MAC address follows it, so that the interface stays the same when others come before it or go. Default: its position, "0" for the first one; give an existing interface that name to keep its address.',
      pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
      expects: "letters, digits, dots, dashes and underscores, starting with a letter or digit, at most 64",
      examples: ["front"],
    },
    network: {
      type: "string",
      description: "Name of an entry of networks, or of a libvirt network on the host.",
      minLength: 1,
      maxLength: 255,
      examples: ["default"],
    },
    bridge: {
      type: "string",
      description: "Name of a bridge on the host.",
      pattern: "^[^\\s/:]{1,15}$",
      expects: "the name of a bridge device, at most 15 characters",
      examples: ["br0"],
    },
    user: {
      type: "boolean",
      const: true,
      description: "User-mode networking: outgoing connections only, through the QEMU process. Needs no privileges on the host.",
      expects: "true",
      examples: [true],
    },
    mac: {
      type: "string",
      description: "MAC address. Default: derived from project, instance and the name of the interface, and therefore stable.",
      pattern: "^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$",
      expects: "six pairs of lower-case hex digits with colons, the first one even (not a multicast address)",
      unique: true,
      examples: ["52:54:00:12:34:56"],
    },
    model: {
      type: "string",
      description: "Model of the network card. Default: the image property hw_vif_model, else virtio.",
      enum: ["virtio", "e1000", "e1000e", "rtl8139", "ne2k_pci", "pcnet"],
      examples: ["virtio"],
    },
    link: {
      type: "string",
      description: "State of the link. Changed while the guest runs.",
      enum: ["up", "down"],
      meanings: { up: "The card is connected.", down: "The card is there and its cable is unplugged." },
      default: "up",
      examples: ["down"],
    },
    addresses: {
      type: "array",
      description:
        "Fixed IP addresses of the interface, at most one in each subnet of its entry of networks. They are reserved in DHCP and written into the config drive. With port_filter: on, the guest can send from no others. Default: one that it gets by DHCP.",
      items: addressOf("192.168.50.10"),
      uniqueItems: true,
      maxItems: 32,
      examples: [["192.168.50.10", "fd00:50::10"]],
    },
    mtu: {
      type: "integer",
      description:
        "Largest packet in bytes, for the device on the host, a virtio card and the config drive. Default: mtu of its entry of networks. A running guest gets it with its next start.",
      minimum: 576,
      maximum: 65_535,
      examples: [1400, 9000],
    },
    queues: {
      type: "integer",
      description:
        "Number of queues of a virtio card, so that several vCPUs handle its packets: at most as many as the flavor has vCPUs. Default: one, or with hw_vif_multiqueue_enabled one for each vCPU and at most 8. A running guest gets it with its next start.",
      minimum: 1,
      maximum: 256,
      examples: [4],
    },
    bandwidth: {
      type: "object",
      description: "Limits of what the interface carries, instead of those of the flavor (quota:vif_…). Changed while the guest runs.",
      additionalProperties: false,
      anyOf: [{ required: ["inbound"] }, { required: ["outbound"] }],
      expects: "inbound, outbound or both",
      properties: {
        inbound: {
          type: "object",
          description: "What the guest may receive.",
          additionalProperties: false,
          required: ["average"],
          properties: {
            ...rates,
            peak: size(
              "Bytes in a second while burst lasts or the host has bandwidth to spare, at least the average.",
              ["20MiB"],
              wholeKib,
            ),
          },
          examples: [{ average: "10MiB", peak: "20MiB", burst: "64MiB" }],
        },
        outbound: {
          type: "object",
          description: "What the guest may send. Linux has no peak for it.",
          additionalProperties: false,
          required: ["average"],
          properties: rates,
          examples: [{ average: "10MiB" }],
        },
      },
      examples: [{ inbound: { average: "10MiB" }, outbound: { average: "5MiB", burst: "32MiB" } }],
    },
    vlan: {
      type: "integer",
      description:
        "VLAN of the interface: the host adds the tag to what the guest sends. For networks of type ovs; on Linux bridges with libvirt 11 or later. Default: that of the network.",
      minimum: 1,
      maximum: 4094,
      examples: [42],
    },
    vlans: {
      type: "array",
      description:
        "VLANs that the guest is in through this interface (a trunk), beside what the interface is in itself: the guest tags their packets. They are written into the config drive or the injected network file. In a network of type ovs, the port carries these VLANs alone; on other bridges and on macvtap, what the host carries.",
      maxItems: 64,
      items: {
        type: "object",
        description: "One VLAN of the guest.",
        additionalProperties: false,
        required: ["id"],
        synonyms: { vlan: "id", vlan_id: "id", tag: "id", segmentation_id: "id", ip: "addresses", address: "addresses", subnet: "network" },
        examples: [{ id: 101 }],
        properties: {
          id: { type: "integer", description: "Its number.", minimum: 1, maximum: 4094, examples: [101] },
          network: {
            type: "string",
            description:
              "Entry of networks that says which subnets, gateway and name servers the VLAN has. Needed for addresses. Default: none.",
            reference: "networks",
            examples: ["storage"],
          },
          addresses: {
            type: "array",
            description: "Fixed IP addresses in the VLAN, at most one in each subnet of network. Default: one that it gets by DHCP.",
            items: addressOf("10.0.101.10"),
            uniqueItems: true,
            maxItems: 32,
            examples: [["10.0.101.10"]],
          },
          mtu: {
            type: "integer",
            description: "Largest packet in bytes, without the tag. Default: mtu of network, else that of the interface.",
            minimum: 576,
            maximum: 65_535,
            examples: [1400],
          },
        },
      },
      examples: [[{ id: 101, network: "storage", addresses: ["10.0.101.10"] }]],
    },
    trust: {
      type: "boolean",
      description:
        "The guest may change the MAC addresses and the multicast groups that it receives. For networks of type macvtap and virtio cards. A running guest gets it with its next start.",
      default: false,
      examples: [true],
    },
    vnic_type: {
      type: "string",
      description:
        "What the guest is connected by, as OpenStack names it. It follows from the type of the network; another one is an error. Cards of the host that are passed through (direct, direct-physical) are no networks: see hostdevs.",
      enum: ["normal", "macvtap"],
      refusedValues: sriov,
      meanings: { normal: "A tap device in a bridge, or user-mode networking.", macvtap: "A network of type macvtap." },
      examples: ["macvtap"],
    },
    bond: {
      type: "string",
      description:
        "The guest makes a bond of all its interfaces with this name, in active-backup mode: one carries the traffic, and another one takes its place when its link is down. The bond has MAC address, MTU and addresses of the first of them. Written into the config drive. Not eth0 or lo, which are names of its interfaces.",
      pattern: "^[a-z][a-z0-9]{0,13}$",
      expects: "a name of lower-case letters and digits, at most 14",
      examples: ["bond0"],
    },
    boot_index: {
      type: "integer",
      description:
        "Boot order among disks and interfaces; 1 and up follow the root disk, and the firmware boots over the network (PXE). Default: not booted from.",
      minimum: 1,
      examples: [1],
    },
    security_groups: {
      ...groupNames,
      description: "Security groups of this interface, instead of those of the instance.",
    },
    allowed_address_pairs: {
      type: "array",
      description:
        "Addresses that a filtered interface may send from beside its own, such as one that moves between guests (VRRP, keepalived) or subnets behind the guest. They are members of its security groups as well. Changed while the guest runs.",
      items: {
        type: "object",
        description: "Addresses, and the MAC address that the guest sends them with.",
        additionalProperties: false,
        required: ["address"],
        synonyms: { ip_address: "address", ip: "address", cidr: "address", mac_address: "mac" },
        properties: {
          address: {
            type: "string",
            description: "An IPv4 or IPv6 address or a subnet.",
            pattern: "^[0-9a-fA-F:.]{2,45}(/[0-9]{1,3})?$",
            expects: "an IPv4 or IPv6 address or a subnet such as 10.0.0.0/24",
            examples: ["192.168.50.100", "10.8.0.0/24"],
          },
          mac: {
            type: "string",
            description: "MAC address. Default: that of the interface.",
            pattern: "^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$",
            expects: "six pairs of lower-case hex digits with colons, the first one even (not a multicast address)",
            examples: ["00:00:5e:00:01:0a"],
          },
        },
        examples: [{ address: "192.168.50.100" }],
      },
      maxItems: 64,
      examples: [[{ address: "192.168.50.100" }, { address: "192.168.50.100", mac: "00:00:5e:00:01:0a" }]],
    },
    port_filter: {
      ...portFilters,
      description: "Whether what the interface sends and receives is filtered. Default: that of the instance.",
    },
    ready: {
      description:
        "What must be true before the guest runs: an apply starts it paused, waits for all its interfaces for at most vif_plugging_timeout of host, and resumes it. Default: nothing, the guest runs at once.",
      anyOf: [readyState, readyOther, { type: "array", minItems: 1, maxItems: 8, items: { anyOf: [readyState, readyOther] } }],
      expects: "link, bridge, { bridge: NAME }, { command: [PROGRAM, …] } or a list of these",
      examples: ["bridge", ["link", { command: ["/usr/local/bin/port-up"] }]],
    },
  },
} as const;

/** One disk that an instance declares beside its root disk. */
const ephemeralSchema = {
  type: "object",
  description: "One additional disk, created and deleted with the instance.",
  additionalProperties: false,
  required: ["size"],
  properties: {
    name: {
      type: "string",
      description:
        "Name of the disk within the instance, and the label of its filesystem (the first 11 characters). A named disk stays the same when others come before it or go. Without a name it is known by its position. Giving a name to an existing disk, or removing it, keeps the disk.",
      pattern: "^[a-z0-9][a-z0-9-]{0,30}$",
      expects: "lower-case letters, digits and dashes, starting with a letter or digit, at most 31",
      examples: ["scratch"],
    },
    size: size("Size of the disk.", ["10GiB"], { minimum: "1MiB", multipleOf: "1MiB" }),
    format: {
      type: "string",
      description:
        "Filesystem to create. Changing it recreates the disk. Default: default_ephemeral_format of host, else ext4 for Linux images, ntfs for Windows images and vfat for others; a change of the default does not affect existing disks.",
      enum: ["ext4", "ext3", "ext2", "xfs", "vfat", "ntfs"],
      examples: ["ext4"],
    },
    boot_index: {
      type: "integer",
      description: "Boot order; 1 follows the root disk. -1: not bootable (the default).",
      minimum: -1,
      examples: [1],
    },
  },
} as const;

/** One volume that an instance attaches. */
const attachedVolumeSchema = {
  type: "object",
  description: "One volume to attach as a disk.",
  synonyms: { name: "volume", id: "volume", device_name: "device" },
  examples: [{ volume: "data" }],
  additionalProperties: false,
  required: ["volume"],
  properties: {
    volume: {
      type: "string",
      description: "Name of an entry of volumes. A volume can be attached to one instance at a time.",
      reference: "volumes",
      unique: true,
      examples: ["data"],
    },
    device: {
      type: "string",
      description:
        "Device name, which also selects the bus: vd for virtio, sd for SCSI, hd for IDE (i440FX machines only, at most four). Default: the next free name, which an attached volume keeps. The guest may use a different name.",
      pattern: "^((vd|sd)[a-z]{1,2}|hd[a-d])$",
      expects: "the name of a disk, such as vdb, sda or, up to hdd, hda",
      examples: ["vdb"],
    },
    boot_index: {
      type: "integer",
      description:
        "Boot order. 0: the root disk of an instance without an image; the properties of the volume's image then apply to the instance. 1 and up follow the root disk. -1: not bootable (the default).",
      minimum: -1,
      examples: [0, 1],
    },
  },
} as const;

/** One disk of an adopted instance. */
const adoptedDiskSchema = {
  type: "object",
  description:
    "One disk or CD drive that an adopted instance has. Its file or device is attached; it is never created, changed or deleted.",
  additionalProperties: false,
  required: ["device"],
  properties: {
    device: {
      type: "string",
      description: "Device name in the definition. It tells which disk is meant.",
      pattern: "^[a-z]{2,3}[a-z0-9]{1,12}$",
      expects: "the name of a disk, such as vda, sda or hda",
      examples: ["vda"],
    },
    path: {
      type: "string",
      description:
        "Absolute path of the file or block device (below /dev). Another path gives the guest another disk; the file before stays. Without it the source is left as it is.",
      pattern: "^/.*[^/]$",
      maxLength: 4096,
      expects: "an absolute path of a file or a device",
      examples: ["/var/lib/libvirt/images/web.qcow2"],
    },
    format: {
      type: "string",
      description: "Format of the file. Without it the format is left as it is.",
      enum: ["raw", layeredFormat],
      examples: [layeredFormat],
    },
    bus: {
      type: "string",
      description: "Bus that the disk is attached to. Without it the bus is left as it is.",
      enum: ["virtio", "scsi", "sata", "ide", "usb"],
      examples: ["virtio"],
    },
    type: {
      type: "string",
      description: "What the guest sees.",
      enum: ["disk", "cdrom"],
      meanings: { disk: "A disk.", cdrom: "A CD drive, which may be empty (no path)." },
      default: "disk",
      examples: ["cdrom"],
    },
  },
} as const;

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

/** What an apply can wait for after it started a guest. */
const waitedFor = {
  type: "string",
  description: "What is waited for.",
  enum: ["agent", "address", "ssh", "cloud_init"],
  meanings: {
    agent: "The guest agent is connected.",
    address: "An IP address of the guest is known: leased by a network of libvirt, seen by the host, or told by the guest agent.",
    ssh: "The ssh server of the guest answers on port 22 of such an address or of a fixed one. The host that runs the guest connects to it.",
    cloud_init: "cloud-init has ended without errors, as its result or the console log says.",
  },
  examples: ["cloud_init"],
} as const;

/** Beginnings of user data that cloud-init, cloudbase-init or Ignition (JSON) recognise. MIME messages are recognised by their headers. */
const userDataStarts = [
  "#cloud-config",
  "#!",
  "#include",
  "#cloud-boothook",
  "#part-handler",
  "## template: jinja",
  "#upstart-job",
  "content-type:",
  "#ps1",
  "<powershell>",
  "<script>",
  "rem cmd",
  "{",
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
    power_state: {
      type: "string",
      description: "Whether the guest runs.",
      enum: ["running", "stopped", "ignore"],
      meanings: {
        running: "Apply starts the guest if it is not running.",
        stopped: "Apply shuts the guest down.",
        ignore: "The power state is not managed.",
      },
      valueSynonyms: {
        on: "running",
        up: "running",
        active: "running",
        started: "running",
        true: "running",
        off: "stopped",
        down: "stopped",
        halted: "stopped",
        poweredoff: "stopped",
        powered_off: "stopped",
        present: "running",
        shut_off: "stopped",
        shutdown: "stopped",
        shutoff: "stopped",
        false: "stopped",
        any: "ignore",
        keep: "ignore",
        unmanaged: "ignore",
      },
      default: "running",
      examples: ["stopped"],
    },
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
    wait_for: {
      description:
        "What an apply waits for after it started the guest, for at most timeout. If it does not come, or cloud-init reports errors, the apply fails with the end of the console log, the guest keeps running, and the next apply waits again. Other instances do not wait for it.",
      anyOf: [
        waitedFor,
        {
          type: "object",
          additionalProperties: false,
          required: ["what"],
          properties: {
            what: { type: "string", description: "What is waited for, as above.", enum: waitedFor.enum, examples: ["cloud_init"] },
            timeout: {
              type: "string",
              description: "How long it is waited for.",
              pattern: "^[1-9][0-9]{0,4}(s|m|h)$",
              expects: "a whole number and a unit, such as 90s, 5m or 1h",
              default: usualWait,
              examples: ["15m"],
            },
          },
        },
      ],
      expects: "agent, address, ssh, cloud_init or { what: cloud_init, timeout: 15m }",
      examples: ["cloud_init", { what: "ssh", timeout: "5m" }],
    },
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
    config_drive: {
      description:
        "Read-only drive with host name, keys and user data, read by cloud-init. There is no metadata service, so the drive is the only source of this data. An instance with inject has none.",
      anyOf: [
        { type: "boolean" },
        {
          type: "object",
          additionalProperties: false,
          required: ["format"],
          properties: {
            format: {
              type: "string",
              description: "Filesystem of the drive, and whose files are on it.",
              enum: ["iso9660", "vfat", "nocloud"],
              meanings: {
                iso9660: "A CD with OpenStack's files.",
                vfat: "A disk with them, for guests without CD support.",
                nocloud: "A CD named cidata with meta-data, user-data and network-config, for cloud-init's NoCloud data source.",
              },
              examples: ["vfat", "nocloud"],
            },
          },
        },
      ],
      expects: "true, false or { format: iso9660 | vfat | nocloud }",
      default: true,
      examples: [false, { format: "vfat" }, { format: "nocloud" }],
    },
    user_data: {
      description:
        "User data for cloud-init: inline text, a path that starts with ./, ../ or / (relative to this file), { file: PATH }, or { env: NAME } or { command: [PROGRAM, …] } for secret text. A file may be compressed with gzip; the guest gets it unchanged.",
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
        byCommand,
      ],
      textInput: { maximumEncoded: 65535, starts: userDataStarts },
      expects: "text, a path such as ./web.cloud-config, { file: PATH }, { env: NAME } or { command: [PROGRAM, …] }",
      examples: ["./web.cloud-config", "#cloud-config\npackages: [nginx]\n", { file: "web.cloud-config" }, { env: "WEB_USER_DATA" }],
    },
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
      items: networkSchema,
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
    ephemerals: {
      type: "array",
      description:
        "Additional disks with empty filesystems, labelled by their names, else ephemeral0, ephemeral1, …. Their total must not exceed the flavor's ephemeral size. Without this key, one disk has that whole size.",
      items: ephemeralSchema,
      maxItems: 16,
      examples: [[{ name: "scratch", size: "5GiB", format: "ext4" }, { size: "5GiB" }]],
    },
    swap: size("Size of the swap disk, at most the flavor's swap; 0MiB: no swap disk. Default: the flavor's swap.", ["512MiB", "0MiB"], {
      multipleOf: "1MiB",
    }),
    volumes: {
      type: "array",
      description: "Volumes to attach, in this order. Volumes are kept when the instance is deleted.",
      items: attachedVolumeSchema,
      maxItems: 26,
      examples: [[{ volume: "data" }], [{ volume: "data", device: "vdb" }]],
    },
    rescue: {
      description:
        "Boots the instance from a new disk with its own disks attached, for repairs. true: the disk is made from the instance's image. { image: NAME }: from another image. Entering and leaving rescue restarts a running guest; the rescue disk is deleted on leaving.",
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
                "Image to boot: a name from images. With its properties hw_rescue_device (disk or cdrom) and hw_rescue_bus, the other disks keep their device names.",
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
    ...hardwareKeys,
    ...hostKeys,
    ...powerKeys,
    autostart: {
      type: "boolean",
      description: "Whether libvirt starts the guest when the host boots.",
      default: false,
      examples: [true],
    },
    domain_xml: {
      type: "object",
      description:
        "Settings of the guest's definition in libvirt that no other key has. They are written last, compared in each plan, and removed again when they are no longer here.",
      additionalProperties: false,
      anyOf: [{ required: ["merge"] }, { required: ["remove"] }],
      expects: "merge or remove",
      properties: {
        merge: {
          type: "string",
          description:
            "XML that could be inside <domain>. Elements that exist are changed, others are added. Devices are found by target, MAC address, name, type and index, or by an alias that begins with ua-.",
          maxLength: 65_536,
          examples: ["<devices><watchdog model='i6300esb' action='reset'/></devices>"],
        },
        remove: {
          type: "array",
          description: "Paths of elements and attributes that are removed.",
          maxItems: 100,
          items: { type: "string", minLength: 1, maxLength: 1024, examples: ["devices/controller[@type=usb][@index=0]"] },
          examples: [["devices/controller[@type=usb][@index=0]"]],
        },
      },
      examples: [{ merge: "<devices><watchdog model='i6300esb' action='reset'/></devices>" }],
    },
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
    disks: {
      type: "array",
      description: "Disks and CD drives of an adopted instance. Those that are not listed are left as they are.",
      items: adoptedDiskSchema,
      maxItems: 64,
      examples: [[{ device: "vda", path: "/var/lib/libvirt/images/web.qcow2", format: layeredFormat, bus: "virtio" }]],
    },
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
