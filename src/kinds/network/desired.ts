import type { HostFacts } from "../../model/host-facts.ts";
import { addressText, formatCidr, formatIp } from "../../model/ip.ts";
import type { Resource } from "../../model/resource.ts";
import { declared } from "../config/declared.ts";
import { networkTraits } from "../config/network-traits.ts";
import { type IpRange, type Reservation, type Subnet, subnetsOf } from "../config/subnets-of.ts";
import type { Config } from "../config.ts";
import { derivedUuid } from "../terms/identity.ts";
import { networks } from "../terms/network-address.ts";
import type { NetworkValue } from "../terms/network-state.ts";
import { type PortReservation, portReservations } from "./port-reservations.ts";
import type { NetworkSpec } from "./spec.ts";

/** Every network of the configuration that virtform keeps. */
export function desiredNetworks(config: Config, facts: Pick<HostFacts, "identities">): Resource<NetworkSpec>[] {
  const reserved = Map.groupBy(portReservations(config, facts), ({ network }) => network);
  return Object.entries(config.networks ?? {}).flatMap(([name, network]) =>
    networkTraits(network).type === "external"
      ? []
      : [{ address: networks.at(name), spec: desiredNetwork(config, name, reserved.get(name) ?? []) }],
  );
}

function desiredNetwork(config: Config, name: string, reserved: readonly PortReservation[]): NetworkSpec {
  const network = declared(config.networks, name);
  const project = config.project ?? "default";
  const uuid = derivedUuid("network", project, name);
  const { type, hosted, ownBridge } = networkTraits(network);
  const subnets = subnetsOf(config, name);
  const { dns = {} } = network;
  const set = (path: string, value: NetworkValue | undefined) => (value === undefined ? [] : [[path, value] as const]);
  return {
    name,
    uuid,
    project,
    ...(network.renamed_from === undefined ? {} : { renamedFrom: network.renamed_from }),
    fields: Object.fromEntries([
      ["type", type],
      ...(type === "bridge" && ownBridge ? [["create", true] as const] : []),
      ...set("device", network.device),
      ...(type === "macvtap" ? [] : [["bridge", network.bridge ?? bridgeOf(uuid)] as const]),
      ...set("domain", network.domain),
      // Elsewhere it is that of the guests' cards alone.
      ...(ownBridge ? set("mtu", network.mtu) : []),
      ...set("vlan", network.vlan),
      ...(type === "nat" && subnets.some(({ cidr }) => cidr.family === 6) ? [["nat_ipv6", true] as const] : []),
      ...(hosted && dns.enabled === false ? [["dns.enabled", false] as const] : []),
      ...(dns.forwarders === undefined || dns.forwarders.length === 0 ? [] : set("dns.forwarders", dns.forwarders.map(addressText))),
      ...(dns.hosts ?? []).map(({ address, names }) => [`dns.hosts.${addressText(address)}`, names] as const),
      ...(dns.txt ?? []).map((record) => [`dns.txt.${record.name}`, record.value] as const),
      ...(dns.srv ?? []).map(
        ({ service, protocol, domain = network.domain ?? "", target, port, priority = 0, weight = 0 }) =>
          [`dns.srv._${service}._${protocol}.${domain} ${target}:${port}`, `priority ${priority} weight ${weight}`] as const,
      ),
      ...(hosted ? subnets.flatMap((subnet) => subnetFields(subnet, reserved)) : []),
      ...(network.prevent_destroy === true ? [["prevent_destroy", true] as const] : []),
      ["autostart", network.autostart ?? true],
      ["active", true],
    ]),
  };
}

/** Nova XML-18: the prefix and the first 11 characters of the uuid. */
function bridgeOf(uuid: string): string {
  return `brq${uuid.slice(0, 11)}`;
}

/** Only what DHCP tells guests beside what it tells by itself becomes a field; the rest is in their config drives. */
function subnetFields(
  { index, cidr, address, gateway, dhcp, dnsServers, routes }: Subnet,
  reserved: readonly PortReservation[],
): (readonly [string, NetworkValue])[] {
  const at = `subnets.${formatCidr(cidr)}`;
  const text = address === null ? "" : formatIp(address);
  const machines = [...(dhcp?.reservations ?? []), ...reserved.filter(({ subnet }) => subnet === index)];
  // libvirt drops a DHCP section without ranges and reservations.
  const answers = dhcp !== null && dhcp.ranges.length + machines.length > 0;
  const told = answers && cidr.family === 4;
  const servers = dnsServers.map(formatIp);
  return [
    [`${at}.address`, text],
    ...(told && gateway !== null && gateway.value !== address?.value ? [[`${at}.gateway`, formatIp(gateway)] as const] : []),
    ...(answers && servers.join() !== text && servers.length > 0 ? [[`${at}.dns_servers`, servers] as const] : []),
    ...(told && routes.length > 0
      ? [[`${at}.routes`, routes.map(({ to, via }) => `${formatCidr(to)} via ${formatIp(via)}`)] as const]
      : []),
    ...(dhcp === null || dhcp.ranges.length === 0 ? [] : [[`${at}.dhcp.ranges`, rangeTexts(dhcp.ranges)] as const]),
    ...machines.map((one) => [`${at}.dhcp.reservations.${formatIp(one.address)}`, machineText(one)] as const),
  ];
}

/** Their order means nothing. */
function rangeTexts(ranges: readonly IpRange[]): string[] {
  return ranges.map(({ start, end }) => `${formatIp(start)}-${formatIp(end)}`).sort();
}

/** `52:54:00:12:34:56 printer`. */
function machineText({ mac, name, duid }: Reservation): string {
  return [mac, duid === null ? null : `duid ${duid}`, name].filter((part) => part !== null).join(" ");
}
