import { formatIp, netmaskOf, parseCidr } from "../../../model/ip.ts";
import type { Json } from "../../../model/json.ts";
import type { SeedAddress, SeedInterface, SeedSpec } from "../../terms/spec.ts";
import { portId } from "../../terms/tap-name.ts";
import { bondLinkLook, bondMode, type LogicalInterface, logicalInterfaces } from "./logical-interfaces.ts";

/**
 * `network_data.json` (Nova CFG-11): one link for each interface, with the MTU of its network where that gives one, one for each bond, and one network for each of
 * its addresses; one for DHCP where it has no fixed IPv4 address, or DHCP gives it. Guests find their card by its MAC address. A card on a bridge
 * is a `bridge` as in Nova; one behind qemu's user network is a `phy`: cloud-init treats both as an ordinary card. Without a card the document
 * is empty, as Nova's is: with empty lists, cloud-init would configure no network at all.
 */
export function networkData(spec: Pick<SeedSpec, "uuid" | "interfaces">): Json {
  if (spec.interfaces.length === 0) return {};
  const logical = logicalInterfaces(spec.interfaces);
  const networks = logical.flatMap(({ nic, index, bond }) =>
    networksOf(nic).map((network) => ({
      network,
      link: bond?.name ?? linkOf(index),
      network_id: nic.type === "user" ? "user" : nic.source,
    })),
  );
  const bonds = logical.flatMap(({ nic, bond }) => (bond === null ? [] : [bondLink(nic, bond)]));
  const servers = spec.interfaces.flatMap(({ addresses = [] }) => addresses.flatMap(({ dnsServers }) => dnsServers));
  return {
    links: [
      ...spec.interfaces.map(({ type, mac, mtu = null }, index) => ({
        id: linkOf(index),
        // Guests see the same identity of a card after every rebuild.
        vif_id: portId(spec.uuid, mac),
        type: type === "user" ? "phy" : "bridge",
        mtu,
        ethernet_mac_address: mac,
      })),
      ...bonds,
    ],
    networks: networks.map(({ network: { type, ...rest }, link, network_id }, index) => ({
      id: `network${index}`,
      type,
      link,
      ...rest,
      network_id,
    })),
    services: services(servers),
  };
}

const linkOf = (index: number) => `interface${index}`;

function bondLink({ mac, mtu }: SeedInterface, { name, members }: NonNullable<LogicalInterface["bond"]>): Json {
  return {
    id: name,
    type: "bond",
    mtu: mtu ?? null,
    ethernet_mac_address: mac,
    bond_links: members.map(linkOf),
    bond_mode: bondMode,
    bond_miimon: bondLinkLook,
  };
}

/** Whether an interface asks for an IPv4 address by DHCP: no other one is written for it. */
export function leasesIpv4({ addresses = [], ipv4 }: SeedInterface): boolean {
  return ipv4 !== false && !addresses.some(({ dhcp, family }) => !dhcp && family === 4);
}

interface NetworkData {
  readonly type: "ipv4_dhcp" | "ipv4" | "ipv6";
  readonly [key: string]: Json;
}

function networksOf(nic: SeedInterface): NetworkData[] {
  const written = (nic.addresses ?? []).filter(({ dhcp }) => !dhcp);
  return [...(leasesIpv4(nic) ? [{ type: "ipv4_dhcp" as const }] : []), ...written.map(writtenNetwork)];
}

function writtenNetwork({ family, address, prefix, gateway, dnsServers, routes }: SeedAddress): NetworkData {
  const everywhere = { to: family === 4 ? "0.0.0.0/0" : "::/0", via: gateway };
  return {
    type: `ipv${family}`,
    ip_address: address,
    netmask: netmaskOf({ family, prefix }),
    routes: [everywhere, ...routes].flatMap(({ to, via }) => (via === null ? [] : [routeOf(to, via)])),
    services: services(dnsServers),
  };
}

/** Throws for text that is no subnet: a bug, for it was written by virtform. */
function routeOf(to: string, gateway: string): Json {
  const subnet = parseCidr(to);
  if (subnet === undefined) throw new Error(`${to} is not a subnet`);
  return { network: formatIp(subnet), netmask: netmaskOf(subnet), gateway };
}

function services(servers: readonly string[]): Json {
  return [...new Set(servers)].map((address) => ({ type: "dns", address }));
}
