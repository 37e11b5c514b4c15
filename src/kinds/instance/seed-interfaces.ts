import { formatCidr, formatIp } from "../../model/ip.ts";
import { type FixedAddress, fixedAddresses } from "../config/fixed-addresses.ts";
import { networkOf } from "../config/network-of.ts";
import { networkTraits } from "../config/network-traits.ts";
import { subnetsOf } from "../config/subnets-of.ts";
import type { Config, InstanceConfig, NicConfig } from "../config.ts";
import type { InterfaceSpec, SeedAddress, SeedInterface, SeedVlan } from "../terms/spec.ts";

/** The interfaces of an instance as its config drive describes them: with their fixed addresses and the MTU of their networks. Pure. */
export function seedInterfaces(
  config: Pick<Config, "networks">,
  instance: Pick<InstanceConfig, "networks">,
  interfaces: readonly InterfaceSpec[],
): SeedInterface[] {
  return interfaces.map((nic, index) => ({
    ...nic,
    ...describe(config, instance.networks?.[index] ?? {}),
    ...(nic.port?.mtu == null ? {} : { mtu: nic.port.mtu }),
    ...bondOf(instance.networks?.[index]),
    ...vlansOf(config, instance.networks?.[index]),
  }));
}

function bondOf(nic: NicConfig | undefined): Pick<SeedInterface, "bond"> {
  return nic?.bond === undefined ? {} : { bond: nic.bond };
}

function vlansOf(config: Pick<Config, "networks">, nic: NicConfig | undefined): Pick<SeedInterface, "vlans"> {
  const { vlans = [] } = nic ?? {};
  if (vlans.length === 0) return {};
  return {
    vlans: vlans.map(({ id, network, addresses, mtu }): SeedVlan => {
      const within = network === undefined ? {} : describe(config, { network, ...(addresses === undefined ? {} : { addresses }) });
      return { id, source: network ?? null, ...within, ...(mtu === undefined ? {} : { mtu }) };
    }),
  };
}

function describe(config: Pick<Config, "networks">, nic: Pick<NicConfig, "network" | "addresses">) {
  const { name, network } = networkOf(config, nic) ?? {};
  if (name === undefined || network === undefined) return {};
  const fixed = fixedAddresses(config, nic);
  const ipv6 = announcedIpv6(config, name, fixed);
  return {
    ...(network.mtu === undefined ? {} : { mtu: network.mtu }),
    ...(fixed.length === 0 ? {} : { addresses: fixed.map(addressOf) }),
    ...(isWithoutIpv4(config, name, fixed) ? { ipv4: false as const } : {}),
    ...(ipv6 === undefined ? {} : { ipv6 }),
  };
}

/** Whether nothing gives the interface an IPv4 address. Networks of others say nothing of their DHCP. */
function isWithoutIpv4(config: Pick<Config, "networks">, name: string, fixed: readonly FixedAddress[]): boolean {
  const { network } = networkOf(config, { network: name }) ?? {};
  const subnets = subnetsOf(config, name);
  if (network === undefined || !networkTraits(network).hosted || subnets.length === 0) return false;
  if (fixed.length === 0) return subnets.every(({ cidr }) => cidr.family === 6);
  return fixed.every(({ ip }) => ip.family === 6) && !subnets.some(({ cidr, dhcp }) => cidr.family === 4 && dhcp !== null);
}

/** How a guest without a fixed IPv6 address gets one where the host has an IPv6 subnet: the host answers DHCPv6, or announces the subnet. */
function announcedIpv6(config: Pick<Config, "networks">, name: string, fixed: readonly FixedAddress[]): SeedInterface["ipv6"] {
  const { network } = networkOf(config, { network: name }) ?? {};
  if (network === undefined || !networkTraits(network).hosted || fixed.some(({ ip }) => ip.family === 6)) return undefined;
  const subnets = subnetsOf(config, name).filter(({ cidr }) => cidr.family === 6);
  if (subnets.length === 0) return undefined;
  return subnets.some(({ dhcp }) => dhcp !== null) ? "dhcp" : "slaac";
}

/** What DHCP tells is not written. */
function addressOf({ ip, subnet: { cidr, gateway, dnsServers, routes }, reserved }: FixedAddress): SeedAddress {
  const told = { family: ip.family, address: formatIp(ip), prefix: cidr.prefix, dhcp: reserved };
  if (reserved) return { ...told, gateway: null, dnsServers: [], routes: [] };
  return {
    ...told,
    gateway: gateway === null ? null : formatIp(gateway),
    dnsServers: dnsServers.map(formatIp),
    routes: routes.map(({ to, via }) => ({ to: formatCidr(to), via: formatIp(via) })),
  };
}
