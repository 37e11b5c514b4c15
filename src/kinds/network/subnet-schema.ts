import { ipAddress, macAddress } from "../schema-parts.ts";
import { hostName } from "./host-name-schema.ts";

const address = { type: "string", ...ipAddress } as const;

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

/** One entry of `subnets` of a network. */
export const subnetSchema = {
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
