import { fixedAddressSchema } from "../config/fixed-address-schema.ts";

/** `vlans` of an interface. */
export const guestVlansSchema = {
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
        items: fixedAddressSchema("10.0.101.10"),
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
} as const;
