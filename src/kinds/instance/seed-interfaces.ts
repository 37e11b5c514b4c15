import { formatCidr, formatIp } from "../../model/ip.ts";
import { type FixedAddress, fixedAddresses } from "../config/fixed-addresses.ts";
import { networkOf } from "../config/network-of.ts";
import { networkTraits } from "../config/network-traits.ts";
import { subnetsOf } from "../config/subnets-of.ts";
import type { Config, InstanceConfig, NicConfig } from "../config.ts";
import type { InterfaceSpec, SeedAddress, SeedInterface } from "../terms/spec.ts";

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
  }));
}

function bondOf(nic: NicConfig | undefined): Pick<SeedInterface, "bond"> {
  return nic?.bond === undefined ? {} : { bond: nic.bond };
}

function describe(config: Pick<Config, "networks">, nic: Pick<NicConfig, "network" | "addresses">) {
  const { name, network } = networkOf(config, nic) ?? {};
  if (name === undefined || network === undefined) return {};
  const fixed = fixedAddresses(config, nic);
  return {
    ...(network.mtu === undefined ? {} : { mtu: network.mtu }),
    ...(fixed.length === 0 ? {} : { addresses: fixed.map(addressOf) }),
    ...(fixed.length > 0 && fixed.every(({ ip }) => ip.family === 6) && !leasesIpv4(config, name) ? { ipv4: false as const } : {}),
  };
}

/** Whether guests may get an IPv4 address by DHCP: networks of others say nothing of it. */
function leasesIpv4(config: Pick<Config, "networks">, name: string): boolean {
  const { network } = networkOf(config, { network: name }) ?? {};
  if (network === undefined || !networkTraits(network).hosted) return true;
  return subnetsOf(config, name).some(({ cidr, dhcp }) => cidr.family === 4 && dhcp !== null);
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
