import { formatIp, netmaskOf, parseCidr } from "../../../model/ip.ts";
import type { Json } from "../../../model/json.ts";
import type { SeedAddress, SeedAddressing, SeedInterface, SeedSpec } from "../../terms/spec.ts";
import { portId, tapName } from "../../terms/tap-name.ts";
import { vlanDevice } from "../../terms/vlan-device.ts";
import { leasesIpv4 } from "../leases-ipv4.ts";
import { bondLinkLook, bondMode, type LogicalInterface, logicalInterfaces } from "./logical-interfaces.ts";

/**
 * `network_data.json` (Nova CFG-11): one link for each interface, with the name of its device on the host as id and the MTU of its network where that gives one, one for
 * each bond, and one network for each of its addresses; one for DHCP where it has no fixed IPv4 address, or DHCP gives it. Guests find their card by its MAC address. A card on a bridge
 * is a `bridge` as in Nova; one behind qemu's user network is a `phy`: cloud-init treats both as an ordinary card. Without a card the document
 * is empty, as Nova's is: with empty lists, cloud-init would configure no network at all.
 */
export function networkData(spec: Pick<SeedSpec, "uuid" | "interfaces">): Json {
  if (spec.interfaces.length === 0) return {};
  const linkOf = ({ mac }: Pick<SeedInterface, "mac">) => tapName(spec.uuid, mac);
  const logical = logicalInterfaces(spec.interfaces);
  const networks = logical.flatMap(({ nic, bond }) =>
    attachmentsOf(nic, bond?.name ?? linkOf(nic)).flatMap(({ link, network_id, of }) =>
      networksOf(of).map((network) => ({ network, link, network_id })),
    ),
  );
  const vlans = logical.flatMap(({ nic, bond }) => vlanLinks(nic, bond?.name ?? linkOf(nic)));
  const bonds = logical.flatMap(({ nic, bond }) =>
    bond === null ? [] : [bondLink(nic, bond, bond.members.flatMap((index) => spec.interfaces[index] ?? []).map(linkOf))],
  );
  const servers = spec.interfaces.flatMap((nic) =>
    [nic, ...(nic.vlans ?? [])].flatMap(({ addresses = [] }) => addresses.flatMap(({ dnsServers }) => dnsServers)),
  );
  return {
    links: [
      ...spec.interfaces.map(({ type, mac, mtu = null }) => ({
        id: linkOf({ mac }),
        // Guests see the same identity of a card after every rebuild.
        vif_id: portId(spec.uuid, mac),
        type: type === "user" ? "phy" : "bridge",
        mtu,
        ethernet_mac_address: mac,
      })),
      ...bonds,
      ...vlans,
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

/** What has addresses on a link: the card or the bond itself, and its VLANs. */
function attachmentsOf(nic: SeedInterface, link: string): { link: string; network_id: string; of: SeedAddressing }[] {
  const vlans = (nic.vlans ?? []).map((vlan) => ({
    link: vlanDevice(link, vlan.id),
    network_id: vlan.source ?? `vlan${vlan.id}`,
    of: vlan,
  }));
  return [{ link, network_id: nic.type === "user" ? "user" : nic.source, of: nic }, ...vlans];
}

/** A guest makes a device of a VLAN on the card or the bond that the link is. */
function vlanLinks({ mac, vlans = [] }: SeedInterface, link: string): Json[] {
  return vlans.map(({ id, mtu = null }) => ({
    id: vlanDevice(link, id),
    type: "vlan",
    mtu,
    vlan_id: id,
    vlan_link: link,
    vlan_mac_address: mac,
  }));
}

function bondLink({ mac, mtu }: SeedInterface, { name }: NonNullable<LogicalInterface["bond"]>, links: readonly string[]): Json {
  return {
    id: name,
    type: "bond",
    mtu: mtu ?? null,
    ethernet_mac_address: mac,
    bond_links: links,
    bond_mode: bondMode,
    bond_miimon: bondLinkLook,
  };
}

interface NetworkData {
  readonly type: "ipv4_dhcp" | "ipv4" | "ipv6" | "ipv6_slaac" | "ipv6_dhcpv6-stateful";
  readonly [key: string]: Json;
}

/** OpenStack's words. */
const announced = { slaac: "ipv6_slaac", dhcp: "ipv6_dhcpv6-stateful" } as const;

function networksOf(nic: SeedAddressing): NetworkData[] {
  const written = (nic.addresses ?? []).filter(({ dhcp }) => !dhcp);
  return [
    ...(leasesIpv4(nic) ? [{ type: "ipv4_dhcp" as const }] : []),
    ...(nic.ipv6 === undefined ? [] : [{ type: announced[nic.ipv6] }]),
    ...written.map(writtenNetwork),
  ];
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
