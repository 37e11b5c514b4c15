import { formatIp, parseCidr } from "../../model/ip.ts";
import type { TrafficRule } from "../terms/filter-document.ts";
import type { AddressPair } from "../terms/port-filter.ts";
import { linkLocal } from "./link-local.ts";

/** Before the chains that check addresses: what is accepted here does not reach them. What connections are allowed is decided later, by address alone. */
const beforeChecks = -900;

/**
 * Rules that let a guest send from further addresses: IP packets and ARP or neighbour discovery about them. With another MAC address it may also ask whether an
 * address is free (RFC 5227, RFC 4862) and have the link-local address of that MAC address.
 */
export function pairRules(pairs: readonly AddressPair[], mac: string): TrafficRule[] {
  const rules = pairs.flatMap(({ subnet, mac: from }) => {
    const cidr = parseCidr(subnet);
    if (cidr === undefined) return [];
    const address = formatIp(cidr);
    if (cidr.family === 4)
      return [
        ipRule(4, from, address, cidr.prefix),
        arpRule(from, address, cidr.prefix),
        ...(from === mac ? [] : [arpRule(from, "0.0.0.0", 32)]),
      ];
    const own = from === mac ? [] : ["::", linkLocal(from)];
    return [ipRule(6, from, address, cidr.prefix), ...own.map((one) => ipRule(6, from, one, 128))];
  });
  const texts = rules.map((rule) => JSON.stringify(rule));
  return rules.filter((_, index) => texts.indexOf(texts[index] ?? "") === index);
}

function ipRule(family: 4 | 6, from: string, address: string, prefix: number): TrafficRule {
  const match = prefix === 0 ? {} : { srcipaddr: address, srcipmask: String(prefix) };
  return accept(family === 4 ? "ip" : "ipv6", { srcmacaddr: from, ...match });
}

function arpRule(from: string, address: string, prefix: number): TrafficRule {
  const match = prefix === 0 ? {} : { arpsrcipaddr: address, arpsrcipmask: String(prefix) };
  return accept("arp", { srcmacaddr: from, arpsrcmacaddr: from, ...match });
}

function accept(element: string, attributes: TrafficRule["attributes"]): TrafficRule {
  return { action: "accept", direction: "out", priority: beforeChecks, tracked: true, element, attributes };
}

/** The pairs that such rules allow. */
export function pairsIn(rules: readonly TrafficRule[], mac: string): AddressPair[] {
  return rules.flatMap(({ action, direction, priority, element, attributes }) => {
    const { srcmacaddr: from = "", srcipaddr, srcipmask } = attributes;
    if (action !== "accept" || direction !== "out" || priority !== beforeChecks || (element !== "ip" && element !== "ipv6")) return [];
    const subnet = `${srcipaddr ?? (element === "ip" ? "0.0.0.0" : "::")}/${srcipmask ?? "0"}`;
    const isOwn = from !== mac && (subnet === "::/128" || subnet === `${linkLocal(from)}/128`);
    return isOwn ? [] : [{ subnet, mac: from }];
  });
}
