/** Protocols that libvirt filters by their packets: libvirt's elements for IPv4 and IPv6, null where it has none. */
export const protocols = {
  any: { 4: "all", 6: "all-ipv6" },
  tcp: { 4: "tcp", 6: "tcp-ipv6" },
  udp: { 4: "udp", 6: "udp-ipv6" },
  sctp: { 4: "sctp", 6: "sctp-ipv6" },
  udplite: { 4: "udplite", 6: "udplite-ipv6" },
  esp: { 4: "esp", 6: "esp-ipv6" },
  ah: { 4: "ah", 6: "ah-ipv6" },
  icmp: { 4: "icmp", 6: null },
  icmpv6: { 4: null, 6: "icmpv6" },
  igmp: { 4: "igmp", 6: null },
} as const;

/** `tcp`. */
export type ProtocolName = keyof typeof protocols;

/** Their names by number (IANA). */
const names: Readonly<Record<number, ProtocolName>> = {
  1: "icmp",
  2: "igmp",
  6: "tcp",
  17: "udp",
  50: "esp",
  51: "ah",
  58: "icmpv6",
  132: "sctp",
  136: "udplite",
};

/** The protocol that a rule names; all of them where it names none. */
export function protocolOf(written: string | number | undefined): ProtocolName {
  if (typeof written === "number") return names[written] ?? "any";
  return (written as ProtocolName | undefined) ?? "any";
}

/** Whether connections of it have ports that a rule can name. */
export function hasPorts(protocol: ProtocolName): boolean {
  return protocol === "tcp" || protocol === "udp" || protocol === "sctp";
}

/** The protocol and IP version of libvirt's element; undefined for others, which match below IP. */
export function protocolOfElement(element: string): { readonly protocol: ProtocolName; readonly family: 4 | 6 } | undefined {
  for (const [protocol, elements] of Object.entries(protocols) as [ProtocolName, (typeof protocols)[ProtocolName]][]) {
    if (elements[4] === element) return { protocol, family: 4 };
    if (elements[6] === element) return { protocol, family: 6 };
  }
  return undefined;
}

/** ICMP requests and the types that answer them: libvirt tracks no connection for a rule with a type. */
export const icmpReplies: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  icmp: { 8: 0, 13: 14, 15: 16, 17: 18 },
  icmpv6: { 128: 129, 139: 140 },
};
