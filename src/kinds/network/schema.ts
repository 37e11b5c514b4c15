import { ipAddress, macAddress } from "../schema-parts.ts";

const address = { type: "string", ...ipAddress } as const;

const hostName = {
  type: "string",
  pattern: "^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?$",
  expects: "a host name of letters, digits, dots and hyphens",
} as const;

const deviceName = {
  type: "string",
  // libvirt numbers names with %d, and Linux has no device "." or "..".
  pattern: "^(?!\\.{1,2}$)[^\\s/:%\\u0000-\\u001f]{1,15}$",
  expects: "the name of a network device, at most 15 characters without spaces, slashes, colons and percent signs",
} as const;

const mac = { type: "string", ...macAddress } as const;

const rangeSchema = {
  type: "object",
  description: "Addresses from start to end, both included.",
  additionalProperties: false,
  required: ["start", "end"],
  synonyms: { from: "start", to: "end", first: "start", last: "end" },
  properties: {
    start: { ...address, description: "First address.", examples: ["192.168.50.100"] },
    end: { ...address, description: "Last address.", examples: ["192.168.50.199"] },
  },
} as const;

const reservationSchema = {
  type: "object",
  description:
    "An address that one machine alone gets. IPv4 machines are identified by mac or name, IPv6 machines by the name or the DUID that they send: DHCPv6 does not use MAC addresses.",
  additionalProperties: false,
  required: ["address"],
  synonyms: { ip: "address", ip_address: "address", mac_address: "mac", hostname: "name" },
  properties: {
    address: { ...address, description: "The address.", examples: ["192.168.50.20"] },
    mac: { ...mac, description: "MAC address of the machine. IPv4 only.", examples: ["52:54:00:12:34:56"] },
    name: { ...hostName, description: "Host name of the machine, which the network's name server answers as well.", examples: ["printer"] },
    duid: {
      type: "string",
      description: "DHCP unique identifier of the machine. IPv6 only.",
      pattern: "^[0-9a-f]{2}(:[0-9a-f]{2}){0,127}$",
      expects: "pairs of lower-case hex digits with colons",
      examples: ["00:03:00:01:52:54:00:12:34:56"],
    },
  },
} as const;

const subnetSchema = {
  type: "object",
  description: "One IPv4 or IPv6 subnet.",
  additionalProperties: false,
  required: ["cidr"],
  synonyms: {
    subnet: "cidr",
    network: "cidr",
    range: "cidr",
    gateway_ip: "gateway",
    router: "gateway",
    host_address: "address",
    dns: "dns_servers",
    dns_nameservers: "dns_servers",
    nameservers: "dns_servers",
    host_routes: "routes",
  },
  examples: [{ cidr: "192.168.50.0/24", dhcp: { ranges: [{ start: "192.168.50.100", end: "192.168.50.199" }] } }],
  properties: {
    cidr: {
      type: "string",
      description: "The first address of the subnet and the length of its prefix. Subnets of one network do not overlap.",
      pattern: "^[0-9a-fA-F:.]{2,45}/[0-9]{1,3}$",
      expects: "an address and a prefix length, such as 192.168.50.0/24 or fd00:50::/64",
      examples: ["192.168.50.0/24", "fd00:50::/64"],
    },
    address: {
      ...address,
      description:
        "The host's own address in the subnet, under which it routes and answers DHCP and DNS. Types nat, routed, open and isolated only. Default: the first address of the subnet.",
      examples: ["192.168.50.1"],
    },
    gateway: {
      ...address,
      description:
        "The router that guests use. Default: address for types nat, routed and open; none for the others. A router other than the host is announced by DHCP and by the config drive for IPv4, and by the config drive alone for IPv6.",
      examples: ["192.168.50.1"],
    },
    dhcp: {
      type: "object",
      description:
        "The host answers DHCP in this subnet. Types nat, routed, open and isolated only, in at most one IPv4 and one IPv6 subnet of a network. An IPv6 subnet without it is announced for addresses that guests choose themselves (SLAAC).",
      additionalProperties: false,
      synonyms: { range: "ranges", hosts: "reservations", host: "reservations", leases: "reservations" },
      properties: {
        ranges: {
          type: "array",
          description: "Addresses for machines without a reservation. Default: none.",
          items: rangeSchema,
          maxItems: 100,
          examples: [[{ start: "192.168.50.100", end: "192.168.50.199" }]],
        },
        reservations: {
          type: "array",
          description: "Addresses of machines. They need not be in a range. Default: none.",
          items: reservationSchema,
          maxItems: 4096,
          examples: [[{ mac: "52:54:00:12:34:56", name: "printer", address: "192.168.50.20" }]],
        },
      },
      examples: [{ ranges: [{ start: "192.168.50.100", end: "192.168.50.199" }] }],
    },
    dns_servers: {
      type: "array",
      description:
        "Name servers that guests get, of the family of the subnet. Default: the host, where it answers DNS in the network; otherwise none.",
      items: address,
      maxItems: 8,
      examples: [["192.168.50.1"]],
    },
    routes: {
      type: "array",
      description: "Routes that guests get: by DHCP for IPv4, and by the config drive. Default: none.",
      maxItems: 32,
      items: {
        type: "object",
        description: "A subnet and the router that leads to it.",
        additionalProperties: false,
        required: ["to", "via"],
        synonyms: { destination: "to", network: "to", cidr: "to", nexthop: "via", gateway: "via", next_hop: "via" },
        properties: {
          to: {
            type: "string",
            description: "Where to: a subnet of the same family.",
            pattern: "^[0-9a-fA-F:.]{2,45}/[0-9]{1,3}$",
            expects: "an address and a prefix length, such as 10.0.0.0/8",
            examples: ["10.0.0.0/8"],
          },
          via: { ...address, description: "The router: an address in this subnet.", examples: ["192.168.50.254"] },
        },
      },
      examples: [[{ to: "10.0.0.0/8", via: "192.168.50.254" }]],
    },
  },
} as const;

const dnsSchema = {
  type: "object",
  description:
    "The name server that the host runs in the network. It knows the machines that got an address by DHCP, and asks the host's own servers for the rest. Types nat, routed, open and isolated only.",
  additionalProperties: false,
  properties: {
    enabled: { type: "boolean", description: "Whether there is one.", default: true, examples: [false] },
    forwarders: {
      type: "array",
      description: "Servers that are asked for other names. Default: those of the host.",
      items: address,
      maxItems: 16,
      examples: [["9.9.9.9"]],
    },
    hosts: {
      type: "array",
      description: "Names of addresses. Default: none.",
      maxItems: 4096,
      items: {
        type: "object",
        description: "One address and its names.",
        additionalProperties: false,
        required: ["address", "names"],
        synonyms: { ip: "address", hostnames: "names", name: "names" },
        properties: {
          address: { ...address, description: "The address. Each is listed once.", examples: ["192.168.50.1"] },
          names: { type: "array", description: "Its names.", items: hostName, minItems: 1, maxItems: 64, examples: [["gateway", "ntp"]] },
        },
      },
      examples: [[{ address: "192.168.50.1", names: ["gateway"] }]],
    },
    txt: {
      type: "array",
      description: "TXT records, one for each name. Default: none.",
      maxItems: 256,
      items: {
        type: "object",
        description: "One TXT record.",
        additionalProperties: false,
        required: ["name", "value"],
        properties: {
          name: {
            type: "string",
            description: "Its name.",
            pattern: "^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,252}$",
            expects: "a name of letters, digits, dots, hyphens and underscores",
            examples: ["example"],
          },
          value: {
            type: "string",
            description: "Its text.",
            pattern: "^[^\\u0000-\\u001f\\u007f]{1,255}$",
            expects: "1 to 255 characters on one line, without control characters",
            examples: ["some value"],
          },
        },
      },
      examples: [[{ name: "example", value: "some value" }]],
    },
    srv: {
      type: "array",
      description: "SRV records. Default: none.",
      maxItems: 256,
      items: {
        type: "object",
        description: "One SRV record.",
        additionalProperties: false,
        required: ["service", "protocol", "target", "port"],
        properties: {
          service: {
            type: "string",
            description: "Name of the service, without the underscore.",
            pattern: "^[a-z0-9][a-z0-9-]{0,14}$",
            expects: "at most 15 lower-case letters, digits and hyphens",
            examples: ["ldap"],
          },
          protocol: { type: "string", description: "Its protocol.", enum: ["tcp", "udp"], examples: ["tcp"] },
          domain: { ...hostName, description: "Domain of the record. Default: the domain of the network.", examples: ["lan.example"] },
          target: { ...hostName, description: "Host that provides the service.", examples: ["directory.lan.example"] },
          port: { type: "integer", description: "Its port.", minimum: 1, maximum: 65_535, examples: [389] },
          priority: { type: "integer", description: "Priority; lower ones are used first.", minimum: 0, maximum: 65_535, examples: [10] },
          weight: { type: "integer", description: "Share among those of one priority.", minimum: 0, maximum: 65_535, examples: [5] },
        },
      },
      examples: [[{ service: "ldap", protocol: "tcp", target: "directory.lan.example", port: 389 }]],
    },
  },
  examples: [{ forwarders: ["9.9.9.9"] }],
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
