import { addressSubnet, formatCidr, formatIp, type Ip, parseCidr, subnetOf } from "../../model/ip.ts";
import type { SecurityGroupConfig } from "../config.ts";
import type { TrafficRule } from "../terms/filter-document.ts";
import type { FilterRule } from "../terms/filter-state.ts";
import { hasPorts, icmpReplies, type ProtocolName, protocolOf, protocolOfElement, protocols } from "./protocols.ts";

/** One rule of a security group as it is written. */
export type GroupRule = NonNullable<SecurityGroupConfig["rules"]>[number];

/** Priority of what groups allow, and of what belongs to another rule and is not listed. */
const allowed = 500;
const companion = 510;

/** The rules that enforce a security group. `membersOf`: addresses and subnets that the interfaces of a group may send from. */
export function groupRules(
  { rules = [], egress = "all" }: SecurityGroupConfig,
  membersOf: (group: string) => readonly string[],
): TrafficRule[] {
  const everything: GroupRule[] = egress === "all" ? [{ direction: "egress" }] : [];
  return [...rules, ...everything].flatMap((rule) => trafficRules(rule, membersOf));
}

/** Nova FW-09: a rule for each IP version and each address at the other end. */
function trafficRules(rule: GroupRule, membersOf: (group: string) => readonly string[]): TrafficRule[] {
  const protocol = protocolOf(rule.protocol);
  const direction = rule.direction === "egress" ? "out" : "in";
  const comment = [
    ...(rule.group === undefined ? [] : [`@${rule.group}`]),
    ...(rule.description === undefined ? [] : [rule.description]),
  ].join(" ");
  return othersOf(rule, protocol, membersOf).flatMap(({ family, at }) => {
    const element = protocols[protocol][family];
    if (element === null) return [];
    const attributes = { ...at(direction), ...portsOf(rule.ports, protocol), ...icmpOf(rule), ...(comment === "" ? {} : { comment }) };
    const main: TrafficRule = { action: "accept", direction, priority: allowed, tracked: true, element, attributes };
    const reply = rule.icmp_type === undefined ? undefined : icmpReplies[element]?.[rule.icmp_type];
    if (reply === undefined) return [main];
    const back = direction === "in" ? "out" : "in";
    const answer = { ...at(back), type: String(reply), state: "ESTABLISHED" };
    return [main, { ...main, direction: back, priority: companion, attributes: answer }];
  });
}

/** The other end of a connection: attributes that match it, by the direction of the packets. */
interface Other {
  readonly family: 4 | 6;
  readonly at: (direction: "in" | "out") => Readonly<Record<string, string>>;
}

function othersOf({ cidr, group, family }: GroupRule, protocol: ProtocolName, membersOf: (group: string) => readonly string[]): Other[] {
  const isWanted = (version: 4 | 6) => (family === undefined || family === `ipv${version}`) && protocols[protocol][version] !== null;
  if (group !== undefined) {
    const members = membersOf(group).flatMap((text) => addressSubnet(text) ?? []);
    return members
      .filter(({ family: version }) => isWanted(version))
      .map((ip) => ({ family: ip.family, at: ip.prefix === 0 ? () => ({}) : matching(ip, ip.prefix) }));
  }
  const subnet = cidr === undefined ? undefined : parseCidr(cidr);
  // A subnet that cannot be read is an error of its own, and allows nothing.
  if (cidr !== undefined && subnet === undefined) return [];
  if (subnet === undefined) return ([4, 6] as const).filter(isWanted).map((version) => ({ family: version, at: () => ({}) }));
  return [{ family: subnet.family, at: subnet.prefix === 0 ? () => ({}) : matching(subnetOf(subnet), subnet.prefix) }];
}

function matching(ip: Ip, prefix: number): Other["at"] {
  return (direction) => {
    const end = direction === "in" ? "src" : "dst";
    return { [`${end}ipaddr`]: formatIp(ip), [`${end}ipmask`]: String(prefix) };
  };
}

function portsOf(ports: GroupRule["ports"], protocol: ProtocolName): Readonly<Record<string, string>> {
  if (ports === undefined || !hasPorts(protocol)) return {};
  const [first = "", last] = String(ports).split("-");
  return { dstportstart: first, ...(last === undefined || last === first ? {} : { dstportend: last }) };
}

function icmpOf({ icmp_type: type, icmp_code: code }: GroupRule): Readonly<Record<string, string>> {
  return { ...(type === undefined ? {} : { type: String(type) }), ...(code === undefined ? {} : { code: String(code) }) };
}

/** What a rule of a group's filter allows, in words; undefined for one that belongs to another rule. A rule that can be written in the configuration always has them. */
export function ruleWords(rule: TrafficRule): FilterRule | undefined {
  const { action, direction, priority, tracked, element, attributes } = rule;
  const of = protocolOfElement(element);
  const isOurs =
    action === "accept" && tracked && direction !== "inout" && of !== undefined && Object.keys(attributes).every((key) => known.has(key));
  if (isOurs && priority === companion && attributes["state"] === "ESTABLISHED") return undefined;
  if (!isOurs || priority !== allowed || attributes["state"] !== undefined) {
    const match = Object.entries(attributes).map(([key, value]) => `${key}=${value}`);
    return { text: [action, direction, element || "everything", ...match, `priority ${priority}`].join(" "), note: null };
  }
  const [, group, note] = /^(?:@(\S+))?\s*(.*)$/s.exec(attributes["comment"] ?? "") ?? [];
  const end = direction === "in" ? "src" : "dst";
  const address = attributes[`${end}ipaddr`];
  const prefix = attributes[`${end}ipmask`] ?? (of.family === 4 ? "32" : "128");
  const subnet = address === undefined ? (of.family === 4 ? "0.0.0.0/0" : "::/0") : cidrText(`${address}/${prefix}`);
  const { dstportstart: first, dstportend: last, type, code } = attributes;
  const ports = first === undefined ? [] : [last === undefined || last === first ? first : `${first}-${last}`];
  const kind = type === undefined ? [] : [`type ${type}${code === undefined ? "" : ` code ${code}`}`];
  const whom = group === undefined ? [subnet] : [subnet, `(${group})`];
  const text = [of.protocol, ...ports, ...kind, direction === "in" ? "from" : "to", ...whom].join(" ");
  return { text, note: note === undefined || note === "" ? null : note };
}

const known: ReadonlySet<string> = new Set([
  "srcipaddr",
  "srcipmask",
  "dstipaddr",
  "dstipmask",
  "dstportstart",
  "dstportend",
  "type",
  "code",
  "state",
  "comment",
]);

/** A subnet as people read it: one address without its prefix. */
export function cidrText(text: string): string {
  const cidr = parseCidr(text);
  if (cidr === undefined) return text;
  const whole = cidr.prefix === (cidr.family === 4 ? 32 : 128);
  return whole ? formatIp(cidr) : formatCidr(cidr);
}
