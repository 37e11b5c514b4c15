import { macAddress } from "../schema-parts.ts";

/** `allowed_address_pairs` of an interface. */
export const addressPairsSchema = {
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
        ...macAddress,
        examples: ["00:00:5e:00:01:0a"],
      },
    },
    examples: [{ address: "192.168.50.100" }],
  },
  maxItems: 64,
  examples: [[{ address: "192.168.50.100" }, { address: "192.168.50.100", mac: "00:00:5e:00:01:0a" }]],
} as const;
