const ruleSchema = {
  type: "object",
  description: "One kind of connection that is allowed. Replies are allowed with it.",
  additionalProperties: false,
  synonyms: {
    port: "ports",
    port_range: "ports",
    dport: "ports",
    destination_port: "ports",
    proto: "protocol",
    ip_protocol: "protocol",
    from: "cidr",
    to: "cidr",
    source: "cidr",
    destination: "cidr",
    remote_ip_prefix: "cidr",
    remote_group: "group",
    remote_group_id: "group",
    source_group: "group",
    ethertype: "family",
    ip_version: "family",
    type: "icmp_type",
    code: "icmp_code",
    comment: "description",
  },
  elsewhere: {
    action: "Rules allow; what no rule allows is refused.",
    port_range_min: "Write a range as ports: 8000-8080.",
    port_range_max: "Write a range as ports: 8000-8080.",
  },
  examples: [{ protocol: "tcp", ports: 443, cidr: "0.0.0.0/0" }],
  properties: {
    direction: {
      type: "string",
      description: "Who opens the connection.",
      enum: ["ingress", "egress"],
      meanings: { ingress: "Others, to the guest.", egress: "The guest, to others. Needs `egress: rules` in the group." },
      default: "ingress",
      examples: ["egress"],
    },
    protocol: {
      description:
        "Protocol by name or number: tcp (6), udp (17), icmp (1), icmpv6 (58), sctp (132), udplite (136), esp (50), ah (51) or igmp (2). libvirt filters no others. Default: any.",
      anyOf: [
        { type: "string", enum: ["any", "tcp", "udp", "icmp", "icmpv6", "sctp", "udplite", "esp", "ah", "igmp"] },
        { type: "integer", enum: [1, 2, 6, 17, 50, 51, 58, 132, 136] },
      ],
      expects: "any, tcp, udp, icmp, icmpv6, sctp, udplite, esp, ah, igmp, or the number of one of them",
      default: "any",
      examples: ["tcp", 132],
    },
    ports: {
      description: "Destination port, or a range of them. Protocols tcp, udp and sctp only. Default: all ports.",
      anyOf: [
        { type: "integer", minimum: 1, maximum: 65_535 },
        { type: "string", pattern: "^[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?$" },
      ],
      expects: "a port from 1 to 65535, or a range such as 8000-8080",
      examples: [443, "8000-8080"],
    },
    icmp_type: {
      type: "integer",
      description: "ICMP type: 8 is the echo request of IPv4, 128 that of IPv6. Protocols icmp and icmpv6 only. Default: every type.",
      minimum: 0,
      maximum: 255,
      examples: [8],
    },
    icmp_code: {
      type: "integer",
      description: "ICMP code, beside icmp_type. Default: every code.",
      minimum: 0,
      maximum: 255,
      examples: [0],
    },
    cidr: {
      type: "string",
      description: "Addresses at the other end, as a subnet. Default: all addresses.",
      pattern: "^[0-9a-fA-F:.]{2,45}/[0-9]{1,3}$",
      expects: "an address and a prefix length, such as 10.0.0.0/8 or fd00::/8",
      examples: ["0.0.0.0/0", "fd00::/8"],
    },
    group: {
      type: "string",
      description:
        "Instead of cidr: the interfaces of this configuration that have this security group, by their fixed addresses. The plan lists these addresses.",
      reference: "security_groups",
      examples: ["web"],
    },
    family: {
      type: "string",
      description: "IP version. Default: that of cidr or of the ICMP protocol, otherwise both.",
      enum: ["ipv4", "ipv6"],
      examples: ["ipv6"],
    },
    description: {
      type: "string",
      description: "What the rule is for. Plans show it, and so does `iptables -S` on the host.",
      pattern: "^[A-Za-z0-9 .,:;/()_@#%+=-]{1,128}$",
      expects: "at most 128 letters, digits, blanks and characters of .,:;/()_@#%+=-",
      examples: ["public https"],
    },
  },
} as const;

/** One entry of `security_groups`. */
export const securityGroupSchema = {
  type: "object",
  description:
    "Connections that guests accept and open. Instances name groups in security_groups. An interface accepts what one of its groups allows, and refuses everything else; replies are always allowed.",
  additionalProperties: false,
  synonyms: { rule: "rules", ingress: "rules", security_group_rules: "rules", outbound: "egress", protected: "prevent_destroy" },
  elsewhere: { stateful: "Groups are always stateful: replies of an allowed connection are allowed." },
  examples: [{ rules: [{ protocol: "tcp", ports: 443, cidr: "0.0.0.0/0" }] }],
  properties: {
    rules: {
      type: "array",
      description: "What is allowed. Default: nothing comes in.",
      items: ruleSchema,
      maxItems: 500,
      default: [],
      examples: [[{ protocol: "tcp", ports: 443, cidr: "0.0.0.0/0" }], [{ protocol: "tcp", ports: 5432, group: "web" }]],
    },
    prevent_destroy: {
      type: "boolean",
      description:
        "Rejects every plan that removes the group. Stored in its filter, so it also protects one that was removed from the file.",
      default: false,
      examples: [true],
    },
    egress: {
      type: "string",
      description: "What guests may open themselves.",
      enum: ["all", "rules"],
      meanings: { all: "Every connection, as with OpenStack's new groups.", rules: "What rules with direction: egress allow." },
      default: "all",
      examples: ["rules"],
    },
  },
} as const;
