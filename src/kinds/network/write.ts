import { isDeepStrictEqual } from "node:util";
import type { XmlElement } from "../../tools/xml.ts";
import { readDocument, writeDocument } from "../guest/document.ts";
import { add, at, type Draft, draft } from "../guest/draft.ts";
import type { NetworkFields, NetworkValue } from "../terms/network-state.ts";
import { writeDhcpOptions } from "./dhcp-options.ts";
import { elementOf } from "./elements.ts";
import { type NetworkLabel, writeNetworkLabel } from "./label.ts";
import { readNetwork, subnetPath } from "./read.ts";
import type { NetworkSpec } from "./spec.ts";

/**
 * The definition of a network: `had`, the one that libvirt stores, with the fields of the spec and the label. What virtform does not manage stays:
 * port groups, bandwidth, routes of the host, other options of dnsmasq. Pure.
 */
export function networkXml(spec: NetworkSpec, applied: NetworkLabel["applied"], had = "<network/>"): string {
  const root = readDocument(had);
  at(root, "name").text = spec.name;
  at(root, "uuid").text = spec.uuid;
  writeNetworkLabel(root, { project: spec.project, name: spec.name, applied });
  // Fields that are as they should be are not written, so that what libvirt or people added within them stays.
  const found = readNetwork(root);
  const { fields } = spec;
  const differs = (path: string) => !isDeepStrictEqual(found[path], fields[path]);
  if (["type", "create", "device", "nat_ipv6"].some(differs)) writeForward(root, fields);
  for (const [path, [element, attribute]] of Object.entries(attributes))
    if (differs(path)) setAttribute(root, element, attribute, fields[path]);
  if (differs("domain") && fields["domain"] !== undefined) at(root, "domain").attributes["localOnly"] = "yes";
  if (differs("vlan")) replaceAll(root, "vlan", fields["vlan"] === undefined ? [] : [vlanElement(fields["vlan"])]);
  writeDns(root, fields, differs);
  writeAddresses(root, fields, differs);
  writeDhcpOptions(root, fields);
  return writeDocument(root);
}

/** Fields that are one attribute of one element, without which the element is none. */
const attributes: Readonly<Record<string, readonly [element: string, attribute: string]>> = {
  bridge: ["bridge", "name"],
  domain: ["domain", "name"],
  mtu: ["mtu", "size"],
};

function setAttribute(root: Draft, element: string, attribute: string, value: NetworkValue | undefined): void {
  if (value === undefined) replaceAll(root, element, []);
  else at(root, element).attributes[attribute] = String(value);
}

/** libvirt's words for the types; null for networks that are forwarded nowhere. */
const modes: Readonly<Record<string, string | null>> = {
  nat: "nat",
  routed: "route",
  open: "open",
  isolated: null,
  bridge: "bridge",
  ovs: "bridge",
  macvtap: "bridge",
};

function writeForward(root: Draft, fields: NetworkFields): void {
  const { type = "nat", device } = fields;
  const created = fields["create"] === true;
  const mode = created ? null : (modes[String(type)] ?? null);
  delete root.attributes["ipv6"];
  // Without an IPv6 address of the host, guests reach each other by IPv6 only with this.
  if (created) root.attributes["ipv6"] = "yes";
  replaceAll(root, "virtualport", type === "ovs" ? [draft("virtualport", { type: "openvswitch" })] : []);
  if (mode === null) {
    replaceAll(root, "forward", []);
    return;
  }
  const forward = at(root, "forward");
  if (forward.attributes["mode"] !== mode) forward.children.length = 0;
  forward.attributes["mode"] = mode;
  delete forward.attributes["dev"];
  if (device !== undefined && type !== "macvtap") forward.attributes["dev"] = String(device);
  replaceAll(forward, "interface", device === undefined ? [] : [draft("interface", { dev: String(device) })]);
  const nat = forward.children.find(({ name }) => name === "nat");
  if (fields["nat_ipv6"] === true) at(forward, "nat").attributes["ipv6"] = "yes";
  else delete nat?.attributes["ipv6"];
}

function vlanElement(id: NetworkValue): Draft {
  const vlan = draft("vlan");
  add(vlan, "tag", { id: String(id) });
  return vlan;
}

function writeDns(root: Draft, fields: NetworkFields, differs: (path: string) => boolean): void {
  const wanted = Object.keys(fields).filter((path) => path.startsWith("dns."));
  const had = root.children.find(({ name }) => name === "dns");
  if (wanted.length === 0 && had === undefined) return;
  const dns = at(root, "dns");
  if (differs("dns.enabled")) {
    delete dns.attributes["enable"];
    if (fields["dns.enabled"] === false) dns.attributes["enable"] = "no";
  }
  if (differs("dns.forwarders")) {
    const kept = dns.children.filter(({ name, attributes: { domain } }) => name !== "forwarder" || domain !== undefined);
    const forwarders = ([fields["dns.forwarders"] ?? []].flat() as string[]).map((addr) => draft("forwarder", { addr }));
    dns.children.splice(0, Infinity, ...kept, ...forwarders);
  }
  writeRecords(dns, "dns", fields, differs);
}

function writeAddresses(root: Draft, fields: NetworkFields, differs: (path: string) => boolean): void {
  const wanted = Object.keys(fields).flatMap((path) =>
    path.startsWith("subnets.") && path.endsWith(".address") ? [path.slice(0, -".address".length)] : [],
  );
  const isGone = (child: Draft) => child.name === "ip" && !wanted.includes(subnetPath(child) ?? "");
  root.children.splice(0, Infinity, ...root.children.filter((child) => !isGone(child)));
  for (const path of wanted) {
    const prefix = path.slice(path.lastIndexOf("/") + 1);
    const ip = root.children.find((child) => child.name === "ip" && subnetPath(child) === path) ?? newAddress(root, path, prefix);
    if (differs(`${path}.address`)) ip.attributes["address"] = String(fields[`${path}.address`]);
    const ranges = [fields[`${path}.dhcp.ranges`] ?? []].flat() as string[];
    const reserves = Object.keys(fields).some((other) => other.startsWith(`${path}.dhcp.reservations.`));
    const dhcp = ip.children.find(({ name }) => name === "dhcp");
    if (ranges.length === 0 && !reserves && dhcp === undefined) continue;
    const section = at(ip, "dhcp");
    if (differs(`${path}.dhcp.ranges`)) {
      const elements = ranges.map((range) => elementOf(`${path}.dhcp.ranges`, range));
      const isKept = (child: Draft) => elements.some((one) => isDeepStrictEqual(one.attributes, child.attributes));
      const kept = section.children.filter((child) => child.name !== "range" || isKept(child));
      const added = elements.filter(
        (one) => !kept.some((child) => child.name === "range" && isDeepStrictEqual(one.attributes, child.attributes)),
      );
      section.children.splice(0, Infinity, ...added, ...kept);
    }
    writeRecords(section, `${path}.dhcp`, fields, differs);
    if (section.children.length === 0) replaceAll(ip, "dhcp", []);
  }
}

function newAddress(root: Draft, path: string, prefix: string): Draft {
  const isV6 = path.includes(":");
  return add(root, "ip", { ...(isV6 ? { family: "ipv6" } : {}), prefix });
}

/** Elements that are one field each: those that differ are replaced, those that are not wanted are removed. */
function writeRecords(parent: Draft, at_: string, fields: NetworkFields, differs: (path: string) => boolean): void {
  const found = new Map(parent.children.flatMap((child) => pathsOf(child, at_).map((path) => [path, child] as const)));
  for (const [path, child] of found) if (differs(path)) parent.children.splice(parent.children.indexOf(child), 1);
  for (const [path, value] of Object.entries(fields)) {
    if (isRecord(path, at_) && differs(path)) parent.children.push(elementOf(path, value));
  }
}

function isRecord(path: string, parent: string): boolean {
  const rest = path.startsWith(`${parent}.`) ? path.slice(parent.length + 1) : "";
  return /^(?:hosts|txt|srv|reservations)\./.test(rest);
}

/** The field that an element is; none for elements that are no fields. */
function pathsOf(child: XmlElement, parent: string): string[] {
  const root = draft("network");
  if (parent === "dns") root.children.push({ ...draft("dns"), children: [child as Draft] });
  else root.children.push(ipWith(parent, child as Draft));
  return Object.keys(readNetwork(root)).filter((path) => isRecord(path, parent));
}

function ipWith(path: string, child: Draft): Draft {
  const [address = "", prefix = ""] = path.slice("subnets.".length, -".dhcp".length).split("/");
  const ip = draft("ip", { ...(address.includes(":") ? { family: "ipv6" } : {}), address, prefix });
  add(ip, "dhcp").children.push(child);
  return ip;
}

function replaceAll(parent: Draft, name: string, by: readonly Draft[]): void {
  parent.children.splice(0, Infinity, ...parent.children.filter((child) => child.name !== name), ...by);
}
