import type { FilterDocument } from "../terms/filter-document.ts";
import type { FilterRule } from "../terms/filter-state.ts";
import { type AddressPair, groupFilterName } from "../terms/port-filter.ts";
import { filterLines } from "./filter-lines.ts";
import { cidrText, ruleWords } from "./group-rules.ts";
import { linkLocal } from "./link-local.ts";
import { pairsIn } from "./pair-rules.ts";
import { portDocument } from "./port-document.ts";

/** What the filter of a security group allows, in words. */
export function groupWords({ chain, refers, rules }: FilterDocument): FilterRule[] {
  const others = filterLines({ chain, refers, rules: [] }).map((text) => ({ text, note: null }));
  return [...rules.flatMap((rule) => ruleWords(rule) ?? []), ...others];
}

/** What the filter of an interface contains, in words: its groups, the addresses that it may send from, and what differs from all filters of interfaces. */
export function portWords(document: FilterDocument, project: string, mac: string): FilterRule[] {
  const prefix = groupFilterName(project, "");
  const groups = document.refers.flatMap(({ filter }) => (filter.startsWith(prefix) ? [filter.slice(prefix.length)] : [])).sort();
  const parametersOf = (name: string) => document.refers.find(({ filter }) => filter === name)?.parameters.map(([, value]) => value) ?? [];
  const sent = [...parametersOf("no-ip-spoofing"), ...parametersOf("no-ipv6-spoofing")];
  const own = new Set(["0.0.0.0", "::", linkLocal(mac)]);
  const addresses = sent.filter((address) => !own.has(address));
  const pairs = pairsIn(document.rules, mac);
  const usual = filterLines(portDocument(project, { name: "", filter: "", groups, addresses, pairs }, mac));
  const found = filterLines(document);
  const plain = (text: string) => ({ text, note: null });
  return [
    ...groups.map((name) => plain(`group ${name}`)),
    ...(addresses.length === 0 ? [plain("sends from the address that DHCP gives it")] : addresses.map((one) => plain(`sends from ${one}`))),
    ...pairs.map((pair) => plain(pairWords(pair, mac))),
    ...found.filter((line) => !usual.includes(line)).map((line) => plain(`also: ${line}`)),
    ...usual.filter((line) => !found.includes(line)).map((line) => plain(`without: ${line}`)),
  ];
}

function pairWords({ subnet, mac: from }: AddressPair, mac: string): string {
  return `sends from ${cidrText(subnet)} as well${from === mac ? "" : `, with MAC address ${from}`}`;
}
