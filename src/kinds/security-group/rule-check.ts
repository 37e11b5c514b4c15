import type { Diagnostic } from "../../model/diagnostic.ts";
import { contains, formatCidr, parseCidr, subnetOf } from "../../model/ip.ts";
import { problem } from "../../model/problem.ts";
import type { Config } from "../config.ts";
import { groups } from "../terms/filter-address.ts";
import type { GroupRule } from "./group-rules.ts";
import { hasPorts, protocolOf, protocols } from "./protocols.ts";

/** Rules of security groups that contradict themselves, or would have no effect. Pure. */
export function checkRules({ security_groups: declared = {} }: Config): Diagnostic[] {
  return Object.entries(declared).flatMap(([name, { rules = [], egress = "all" }]) => {
    const seen = new Map<string, number>();
    return rules.flatMap((rule, index): Diagnostic[] => {
      const wrong = (key: keyof GroupRule | null, summary: string, detail: string) =>
        problem("security-rule-invalid", {
          summary: `Rule ${index + 1} of security group ${name} ${summary}`,
          detail,
          address: groups.at(name),
          key: ["rules", index, ...(key === null ? [] : [key])],
        });
      const same = JSON.stringify(Object.entries({ direction: "ingress", ...rule, description: undefined }).sort());
      const earlier = seen.get(same);
      seen.set(same, index);
      if (earlier !== undefined) return [wrong(null, `is the same as rule ${earlier + 1}`, "Remove one of them.")];
      const unused =
        rule.direction === "egress" && egress === "all"
          ? [
              wrong(
                "direction",
                "has no effect",
                "The group lets guests open every connection. Write egress: rules to allow only what rules say.",
              ),
            ]
          : [];
      return [...unused, ...contradictions(rule, wrong)];
    });
  });
}

type Wrong = (key: keyof GroupRule | null, summary: string, detail: string) => Diagnostic;

function contradictions(rule: GroupRule, wrong: Wrong): Diagnostic[] {
  const { ports, cidr, group, family, icmp_type: type, icmp_code: code } = rule;
  const protocol = protocolOf(rule.protocol);
  const isIcmp = protocol === "icmp" || protocol === "icmpv6";
  const found: Diagnostic[] = [];
  if (ports !== undefined && !hasPorts(protocol))
    found.push(
      wrong(
        "ports",
        `has ports, which ${protocol === "any" ? "not every protocol has" : `${protocol} does not have`}`,
        "Write protocol: tcp, udp or sctp, or remove ports.",
      ),
    );
  const [first = 0, last = first] = String(ports ?? "")
    .split("-")
    .map(Number);
  if (ports !== undefined && (first > last || last > 65_535))
    found.push(wrong("ports", `has the port range ${ports}`, "Ports go from 1 to 65535, the lower one first."));
  if (type !== undefined && !isIcmp)
    found.push(wrong("icmp_type", "has an ICMP type", "Write protocol: icmp or icmpv6, or remove icmp_type."));
  if (code !== undefined && type === undefined)
    found.push(wrong("icmp_code", "has an ICMP code without a type", "Add icmp_type, or remove icmp_code."));
  if (cidr !== undefined && group !== undefined)
    found.push(wrong("group", "has both cidr and group", "The other end is a subnet or the members of a group. Write two rules for both."));
  const families = ([4, 6] as const).filter(
    (version) => protocols[protocol][version] !== null && (family ?? `ipv${version}`) === `ipv${version}`,
  );
  if (families.length === 0)
    found.push(wrong("family", `has family ${family}, which ${protocol} does not exist for`, "Write icmp for IPv4 and icmpv6 for IPv6."));
  return cidr === undefined ? found : [...found, ...checkCidr(cidr, families, wrong)];
}

/** RFC 4291: packets to and from such addresses are IPv4. */
const ipv4Mapped = parseCidr("::ffff:0:0/96");

function checkCidr(text: string, families: readonly (4 | 6)[], wrong: Wrong): Diagnostic[] {
  const cidr = parseCidr(text);
  if (cidr === undefined)
    return [
      wrong("cidr", `has the cidr ${text}, which is not a subnet`, "Write an address and a prefix length, such as 10.0.0.0/8 or fd00::/8."),
    ];
  if (ipv4Mapped !== undefined && contains(ipv4Mapped, cidr) && cidr.prefix >= ipv4Mapped.prefix)
    return [wrong("cidr", `has the IPv4-mapped subnet ${text}, which no packet matches`, "Write it as IPv4, such as 10.0.0.0/8.")];
  const subnet = formatCidr(subnetOf(cidr));
  const more =
    cidr.value === subnetOf(cidr).value
      ? []
      : [wrong("cidr", `has the subnet ${text}, which does not begin at its first address`, `Write ${subnet}.`)];
  if (families.length === 0 || families.includes(cidr.family)) return more;
  return [
    ...more,
    wrong(
      "cidr",
      `has a subnet of IPv${cidr.family} and is for IPv${families[0]}`,
      "A rule is for one IP version. Write two rules for both.",
    ),
  ];
}
