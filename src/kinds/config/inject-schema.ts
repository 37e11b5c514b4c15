/** `inject` of an instance: first-boot data is written into the root disk (Nova INJ-01 … INJ-14, `inject_partition`). */
export const injectSchema = {
  type: "object",
  description:
    "Writes files, the key, static addresses, metadata and root's password into the file system of the root disk before the first boot, instead of a config drive: for images without cloud-init. libguestfs has to be installed on the host. Changes take effect in new root disks only.",
  additionalProperties: false,
  required: ["partition"],
  expects: "{ partition: inspect | none | N, network: interfaces | networkd | none }",
  examples: [{ partition: "inspect" }, { partition: 1 }],
  properties: {
    partition: {
      description:
        "Where the root file system is: `inspect` lets libguestfs find the operating system (with an image that has a kernel: the whole disk), `none` is the whole disk, a number that partition.",
      anyOf: [
        {
          type: "string",
          enum: ["inspect", "none"],
          meanings: { inspect: "libguestfs finds the operating system.", none: "The file system is the whole disk, without partitions." },
        },
        { type: "integer", minimum: 1, maximum: 128 },
      ],
      expects: "inspect, none or the number of a partition",
      examples: ["inspect", 1],
    },
    network: {
      type: "string",
      default: "interfaces",
      description: "How addresses that DHCP does not give are written.",
      enum: ["interfaces", "networkd", "none"],
      meanings: {
        interfaces: "/etc/network/interfaces of ifupdown, with the interfaces as eth0, eth1 and so on.",
        networkd: "One file of systemd-networkd for each interface, which is found by its MAC address.",
        none: "Not at all: files of the instance, or the image, configure the network.",
      },
      examples: ["networkd"],
    },
  },
} as const;
