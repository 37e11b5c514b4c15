import { dnsSchema } from "./dns-schema.ts";
import { hostName } from "./host-name-schema.ts";
import { subnetSchema } from "./subnet-schema.ts";

const deviceName = {
  type: "string",
  // libvirt numbers names with %d, and Linux has no device "." or "..".
  pattern: "^(?!\\.{1,2}$)[^\\s/:%\\u0000-\\u001f]{1,15}$",
  expects: "the name of a network device, at most 15 characters without spaces, slashes, colons and percent signs",
} as const;

const notExternal = [
  "type",
  "bridge",
  "create",
  "device",
  "domain",
  "vlan",
  "autostart",
  "dns",
  "renamed_from",
  "prevent_destroy",
] as const;

/** One entry of `networks`. */
export const networkSchema = {
  type: "object",
  description:
    "A network that guests are connected to, kept as a network of libvirt on the host. Instances refer to it by its name: networks: [{ network: NAME }].",
  additionalProperties: false,
  synonyms: {
    mode: "type",
    forward: "type",
    forward_mode: "type",
    kind: "type",
    subnet: "subnets",
    addresses: "subnets",
    bridge_name: "bridge",
    interface: "device",
    dev: "device",
    dns_domain: "domain",
    dns_name: "domain",
    segmentation_id: "vlan",
    vlan_id: "vlan",
    protected: "prevent_destroy",
  },
  together: [
    { key: "external", needs: [], excludes: notExternal, why: "An external network is used as it is and not changed." },
    { key: "name", needs: ["external"], excludes: [], why: "A network of virtform's has the name of its entry." },
  ],
  examples: [
    { type: "nat", subnets: [{ cidr: "192.168.50.0/24", dhcp: { ranges: [{ start: "192.168.50.100", end: "192.168.50.199" }] } }] },
  ],
  properties: {
    type: {
      type: "string",
      description: "How guests in the network reach other machines.",
      enum: ["nat", "routed", "open", "isolated", "bridge", "ovs", "macvtap"],
      meanings: {
        nat: "The host forwards connections to the outside under its own address.",
        routed: "The host routes between the network and the outside, and libvirt's firewall rules allow it.",
        open: "As routed, and libvirt writes no firewall rules.",
        isolated: "Guests reach each other and the host.",
        bridge: "Guests are ports of a Linux bridge: an existing one of the host, or one without an uplink (create: true).",
        ovs: "Guests are ports of an existing Open vSwitch bridge.",
        macvtap: "Guests share a network card of the host through macvtap in bridge mode. The host itself cannot reach them.",
      },
      default: "nat",
      examples: ["isolated"],
    },
    external: {
      type: "boolean",
      const: true,
      description:
        "The network exists in libvirt, is managed by others, and virtform never changes it. The plan checks that it exists, is active and has the address families of subnets.",
      expects: "true",
      examples: [true],
    },
    name: {
      type: "string",
      description: "libvirt's name of an external network. Default: the name of the entry.",
      minLength: 1,
      maxLength: 255,
      examples: ["default"],
    },
    bridge: {
      ...deviceName,
      description:
        "The bridge. Types bridge and ovs: the existing one that guests are connected to. Otherwise the name of the one that libvirt makes. Default: brq and the first 11 characters of the network's uuid, as Nova names bridges.",
      examples: ["br0"],
    },
    create: {
      type: "boolean",
      description:
        "Type bridge: libvirt makes the bridge when the network starts and removes it when it stops. The host has no address there.",
      default: false,
      examples: [true],
    },
    device: {
      ...deviceName,
      description:
        "A network card of the host. Type macvtap: the one that guests share. Types nat and routed: the only one that is forwarded to; default: any.",
      examples: ["eth0"],
    },
    subnets: {
      type: "array",
      description:
        "IPv4 and IPv6 subnets. Types nat, routed and open need one. For types bridge, ovs and macvtap and for external networks they say what guests are told in their config drives.",
      items: subnetSchema,
      maxItems: 32,
      examples: [[{ cidr: "192.168.50.0/24" }]],
    },
    domain: {
      ...hostName,
      description:
        "DNS domain of the machines in the network. Names in it are answered by the host alone. Types nat, routed, open and isolated only.",
      examples: ["lan.example"],
    },
    dns: dnsSchema,
    mtu: {
      type: "integer",
      description: "Largest packet in bytes, of the bridge and of the guests' cards. Default: that of the host. Not for type macvtap.",
      minimum: 576,
      maximum: 65_521,
      examples: [9000],
    },
    vlan: {
      type: "integer",
      description: "VLAN of the guests. Type ovs only; for a Linux bridge name one that has a VLAN device as its port.",
      minimum: 1,
      maximum: 4094,
      examples: [42],
    },
    renamed_from: {
      type: "string",
      description:
        "The name that this network had before. A network of that name is defined again under the new one, and guests that run in it are connected to that one without a restart. Without such a network the key has no effect and can be removed.",
      formerly: "networks",
      minLength: 1,
      maxLength: 255,
      examples: ["office"],
    },
    prevent_destroy: {
      type: "boolean",
      description:
        "Rejects every plan that removes the network. Stored in the network, so it also protects one that was removed from the file.",
      default: false,
      examples: [true],
    },
    autostart: { type: "boolean", description: "libvirt starts the network when the host boots.", default: true, examples: [false] },
  },
} as const;
