import { formatIp, parseIp } from "../../model/ip.ts";
import type { FilterDocument, TrafficRule } from "../terms/filter-document.ts";
import { groupFilterName, type PortFilter } from "../terms/port-filter.ts";
import { linkLocal } from "./link-local.ts";
import { pairRules } from "./pair-rules.ts";

/**
 * The filter of an interface (Nova FW-02, FW-03): the guest sends from its own MAC and IP addresses alone, is no DHCP server and no router, gets what an
 * interface needs to have addresses at all, and beyond that what its groups allow.
 */
export function portDocument(project: string, { groups, addresses, pairs }: PortFilter, mac: string): FilterDocument {
  const found = addresses.flatMap((text) => parseIp(text) ?? []);
  const of = (family: 4 | 6) => found.filter((ip) => ip.family === family).map(formatIp);
  // Without a parameter IP, libvirt learns the address from DHCP. Of an interface with IPv6 addresses alone it must not.
  const v4 = addresses.length === 0 ? [] : of(4);
  const sending = addresses.length > 0 && v4.length === 0 ? ["0.0.0.0"] : v4;
  // A guest asks with 0.0.0.0 whether an address is free (RFC 5227), and with :: for IPv6 (RFC 4862).
  const asking = addresses.length === 0 ? [] : [...new Set([...sending, "0.0.0.0"])];
  const v6 = [...new Set(["::", linkLocal(mac), ...of(6)])];
  return {
    chain: "root",
    refers: [
      { filter: "no-mac-spoofing", parameters: [] },
      { filter: "no-ip-spoofing", parameters: parameters("IP", sending) },
      { filter: "no-ipv6-spoofing", parameters: parameters("IPV6", v6) },
      { filter: "no-arp-mac-spoofing", parameters: [] },
      { filter: "no-arp-ip-spoofing", parameters: parameters("IP", asking) },
      { filter: "no-other-l2-traffic", parameters: [] },
      ...groups.map((group) => ({ filter: groupFilterName(project, group), parameters: [] })),
    ],
    rules: pairs.length === 0 ? baseRules : [...baseRules, ...pairRules(pairs, mac)],
  };
}

function parameters(name: string, values: readonly string[]): (readonly [string, string])[] {
  return values.map((value) => [name, value] as const);
}

function rule(
  action: "accept" | "drop",
  direction: string,
  priority: number,
  element: string,
  attributes: TrafficRule["attributes"] = {},
): TrafficRule {
  return { action, direction, priority, tracked: true, element, attributes };
}

/** Neighbour and router discovery and multicast groups (RFC 4861, RFC 2710, RFC 3810), which no connection is tracked for. */
function discovery(direction: "in" | "out", types: readonly number[]): TrafficRule[] {
  return types.map((type) => ({ ...rule("accept", direction, 100, "icmpv6", { type: String(type) }), tracked: false }));
}

const dhcp4 = { srcportstart: "68", dstportstart: "67" };
const dhcp4Server = { srcportstart: "67", dstportstart: "68" };
const dhcp6 = { srcportstart: "546", dstportstart: "547" };
const dhcp6Server = { srcportstart: "547", dstportstart: "546" };

const baseRules: readonly TrafficRule[] = [
  // Nova FW-02, nova-no-nd-reflection: frames of its own that a bridge returns would look like another guest with its address.
  rule("drop", "in", -550, "mac", {
    srcmacaddr: "$MAC",
    dstmacaddr: "33:33:00:00:00:00",
    dstmacmask: "ff:ff:00:00:00:00",
    protocolid: "ipv6",
  }),
  // After the chains that check addresses, and before no-other-l2-traffic: frames with a VLAN tag would pass these chains.
  ...["ipv4", "ipv6", "arp"].map((protocolid) => rule("accept", "inout", -500, "mac", { protocolid })),
  rule("drop", "out", 50, "udp", dhcp4Server),
  rule("drop", "out", 50, "udp-ipv6", dhcp6Server),
  { ...rule("drop", "out", 50, "icmpv6", { type: "134" }), tracked: false },
  rule("accept", "out", 100, "udp", dhcp4),
  rule("accept", "in", 100, "udp", dhcp4Server),
  rule("accept", "out", 100, "udp-ipv6", dhcp6),
  rule("accept", "in", 100, "udp-ipv6", dhcp6Server),
  ...discovery("in", [130, 134, 135, 136]),
  ...discovery("out", [131, 132, 133, 135, 136, 143]),
  // Without "too big" and "unreachable", connections that are allowed hang.
  ...["icmp", "icmpv6"].flatMap((element) =>
    ["in", "out"].map((direction) => rule("accept", direction, 100, element, { state: "RELATED" })),
  ),
  rule("drop", "inout", 1000, "all-ipv6"),
];
