import { addressText, formatCidr } from "../../model/ip.ts";
import { find, findAll, type XmlElement } from "../../tools/xml.ts";
import { hostSubnet } from "../terms/host-subnet.ts";
import type { NetworkFields, NetworkValue } from "../terms/network-state.ts";
import { dhcpOptions } from "./dhcp-options.ts";

type Entry = readonly [path: string, value: NetworkValue];

/** What a definition of libvirt's says about the fields that virtform manages. Pure. */
export function readNetwork(root: XmlElement): NetworkFields {
  const forward = find(root, "forward");
  const mode = forward === undefined ? undefined : (forward.attributes["mode"] ?? "nat");
  const bridge = find(root, "bridge")?.attributes["name"];
  const device = find(forward, "interface")?.attributes["dev"] ?? forward?.attributes["dev"];
  const created = mode === undefined && root.attributes["ipv6"] === "yes";
  const given = (path: string, value: NetworkValue | undefined): Entry[] => (value === undefined ? [] : [[path, value]]);
  const entries: Entry[] = [
    ["type", typeOf(root, mode, bridge, created)],
    ...(created ? ([["create", true]] as const) : []),
    ...given("device", device),
    ...given("bridge", bridge),
    ...given("domain", find(root, "domain")?.attributes["name"]),
    ...given("mtu", numberOf(find(root, "mtu")?.attributes["size"])),
    ...given("vlan", numberOf(find(root, "vlan", "tag")?.attributes["id"])),
    ...(find(forward, "nat")?.attributes["ipv6"] === "yes" ? ([["nat_ipv6", true]] as const) : []),
    ...readDns(find(root, "dns")),
    ...findAll(root, "ip").flatMap((ip) => readAddress(ip, root)),
  ];
  return Object.fromEntries(entries);
}

function typeOf(root: XmlElement, mode: string | undefined, bridge: string | undefined, created: boolean): string {
  if (mode === undefined) return created ? "bridge" : "isolated";
  if (mode === "route") return "routed";
  if (mode !== "bridge") return mode;
  if (find(root, "virtualport")?.attributes["type"] === "openvswitch") return "ovs";
  return bridge === undefined ? "macvtap" : "bridge";
}

function readDns(dns: XmlElement | undefined): Entry[] {
  const forwarders = findAll(dns, "forwarder").flatMap(({ attributes }) =>
    attributes["domain"] === undefined && attributes["addr"] !== undefined ? [addressText(attributes["addr"])] : [],
  );
  return [
    ...(dns?.attributes["enable"] === "no" ? ([["dns.enabled", false]] as const) : []),
    ...(forwarders.length === 0 ? [] : ([["dns.forwarders", forwarders]] as const)),
    ...findAll(dns, "host").map((host): Entry => {
      const names = findAll(host, "hostname").map(({ text }) => text.trim());
      return [`dns.hosts.${addressText(host.attributes["ip"] ?? "")}`, names];
    }),
    ...findAll(dns, "txt").map(({ attributes }): Entry => [`dns.txt.${attributes["name"]}`, attributes["value"] ?? ""]),
    ...findAll(dns, "srv").map(
      ({ attributes: { service, protocol, domain = "", target = "", port = "0", priority = "0", weight = "0" } }): Entry => [
        `dns.srv._${service}._${protocol}.${domain} ${target}:${port}`,
        `priority ${priority} weight ${weight}`,
      ],
    ),
  ];
}

function readAddress(ip: XmlElement, root: XmlElement): Entry[] {
  const at = subnetPath(ip);
  if (at === undefined) return [];
  const dhcp = find(ip, "dhcp");
  const ranges = findAll(dhcp, "range")
    .map(({ attributes: { start = "", end = "" } }) => `${addressText(start)}-${addressText(end)}`)
    .sort();
  const isV6 = ip.attributes["family"] === "ipv6";
  return [
    [`${at}.address`, addressText(ip.attributes["address"] ?? "")],
    ...(dhcp === undefined ? [] : dhcpOptions(root, isV6).map(([name, value]): Entry => [`${at}.${name}`, value])),
    ...(ranges.length === 0 ? [] : ([[`${at}.dhcp.ranges`, ranges]] as const)),
    ...findAll(dhcp, "host").map(({ attributes }): Entry => {
      const { mac, id, name } = attributes;
      const machine = [mac?.toLowerCase(), id === undefined ? undefined : `duid ${id}`, name].filter((part) => part !== undefined);
      return [`${at}.dhcp.reservations.${addressText(attributes["ip"] ?? "")}`, machine.join(" ")];
    }),
  ];
}

/** `subnets.10.0.0.0/24` of an address of a network; undefined for one that cannot be read. */
export function subnetPath(ip: XmlElement): string | undefined {
  const subnet = hostSubnet(ip);
  return subnet === undefined ? undefined : `subnets.${formatCidr(subnet)}`;
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined || !/^\d{1,9}$/.test(text) ? undefined : Number(text);
}
