import { fixedAddressSchema } from "../config/fixed-address-schema.ts";
import { groupNames, portFilters } from "../config/port-filter-schema.ts";
import { bridgeName, macAddress } from "../schema-parts.ts";
import { addressPairsSchema } from "./address-pairs-schema.ts";
import { bandwidthSchema } from "./bandwidth-schema.ts";
import { guestVlansSchema } from "./guest-vlans-schema.ts";
import { readySchema } from "./plug/ready-schema.ts";

/** OpenStack's types of ports that are a function of a network card (SR-IOV), or the card itself. */
const sriov = Object.fromEntries(
  ["direct", "direct-physical", "vdpa", "virtio-forwarder", "accelerator-direct", "accelerator-direct-physical"].map((type) => [
    type,
    'Interfaces that are a function of a network card (SR-IOV) are not supported as networks. Pass the function through as a device of the instance: hostdevs: [{ pci: "0000:3b:02.0" }], with its MAC address and VLAN set on the host (ip link set CARD vf NUMBER mac ADDRESS vlan ID). Or use a network of type macvtap, and remove vnic_type.',
  ]),
);

/** One network interface of an instance. */
export const interfaceSchema = {
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
      ...bridgeName,
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
      ...macAddress,
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
      items: fixedAddressSchema("192.168.50.10"),
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
    bandwidth: bandwidthSchema,
    vlan: {
      type: "integer",
      description:
        "VLAN of the interface: the host adds the tag to what the guest sends. For networks of type ovs; on Linux bridges with libvirt 11 or later. Default: that of the network.",
      minimum: 1,
      maximum: 4094,
      examples: [42],
    },
    vlans: guestVlansSchema,
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
    allowed_address_pairs: addressPairsSchema,
    port_filter: {
      ...portFilters,
      description: "Whether what the interface sends and receives is filtered. Default: that of the instance.",
    },
    ready: readySchema,
  },
} as const;
