import { find, findAll, type XmlElement } from "../../tools/xml.ts";
import { add, at, type Draft } from "../guest/draft.ts";
import type { NetworkFields, NetworkValue } from "../terms/network-state.ts";

const section = "dnsmasq:options";
const namespace = "http://libvirt.org/schemas/network/dnsmasq/1.0";

/** The options that virtform writes, as dnsmasq takes them; libvirt has no elements for them. */
const prefixes = {
  gateway: "dhcp-option=option:router,",
  dns_servers: "dhcp-option=option:dns-server,",
  dns_servers_v6: "dhcp-option=option6:dns-server,",
  routes: "dhcp-option=option:classless-static-route,",
} as const;

/** What DHCP tells guests of a family beside what it tells by itself, by the fields of a subnet. */
export function dhcpOptions(root: XmlElement, isV6: boolean): [name: string, value: NetworkValue][] {
  const options = findAll(find(root, section), "dnsmasq:option").map(({ attributes }) => attributes["value"] ?? "");
  const after = (prefix: string) => options.find((option) => option.startsWith(prefix))?.slice(prefix.length);
  const servers = after(isV6 ? prefixes.dns_servers_v6 : prefixes.dns_servers);
  const [gateway, routes] = isV6 ? [] : [after(prefixes.gateway), after(prefixes.routes)];
  const listed = routes === undefined ? [] : routesOf(routes);
  return [
    ...(gateway === undefined ? [] : [["gateway", gateway] satisfies [string, NetworkValue]]),
    ...(servers === undefined ? [] : [["dns_servers", servers.replace(/[[\]]/g, "").split(",")] satisfies [string, NetworkValue]]),
    ...(listed.length === 0 ? [] : [["routes", listed] satisfies [string, NetworkValue]]),
  ];
}

/** Writes the options of all subnets into a document; those of others stay. */
export function writeDhcpOptions(root: Draft, fields: NetworkFields): void {
  const wanted = Object.entries(fields).flatMap(([path, value]) => {
    const [, subnet = "", name = ""] = /^(subnets\.\S+\/\d+)\.(gateway|dns_servers|routes)$/.exec(path) ?? [];
    if (name === "") return [];
    const values = [value].flat().map(String);
    if (name === "gateway") return [`${prefixes.gateway}${values[0]}`];
    if (name === "dns_servers") {
      const isV6 = subnet.includes(":");
      return [
        isV6 ? `${prefixes.dns_servers_v6}${values.map((one) => `[${one}]`).join(",")}` : `${prefixes.dns_servers}${values.join(",")}`,
      ];
    }
    // RFC 3442: a client that gets routes ignores the router, so the default route is one of them.
    const router = String(fields[`${subnet}.gateway`] ?? (fields["type"] === "isolated" ? "" : fields[`${subnet}.address`]));
    const all = [...values.map((route) => route.replace(" via ", ",")), ...(router === "" ? [] : [`0.0.0.0/0,${router}`])];
    return [`${prefixes.routes}${all.join(",")}`];
  });
  const had = root.children.find(({ name }) => name === section);
  if (wanted.length === 0 && had === undefined) return;
  root.attributes["xmlns:dnsmasq"] = namespace;
  const options = at(root, section);
  const isOurs = ({ attributes }: XmlElement) => Object.values(prefixes).some((prefix) => attributes["value"]?.startsWith(prefix) === true);
  const kept = options.children.filter((option) => !isOurs(option) || wanted.includes(option.attributes["value"] ?? ""));
  options.children.splice(0, Infinity, ...kept);
  for (const value of wanted) {
    if (!kept.some(({ attributes }) => attributes["value"] === value)) add(options, "dnsmasq:option", { value });
  }
}

/** `10.0.0.0/8,10.1.0.254,…` as routes, without the default route. */
function routesOf(text: string): string[] {
  const words = text.split(",");
  return words.flatMap((to, index) => (index % 2 === 1 || to === "0.0.0.0/0" ? [] : [`${to} via ${words[index + 1] ?? ""}`]));
}
