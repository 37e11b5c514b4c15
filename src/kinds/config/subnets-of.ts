import { type Cidr, type Ip, parseCidr, parseIp, plus, subnetOf } from "../../model/ip.ts";
import type { Config, NetworkConfig, SubnetConfig } from "../config.ts";
import { networkTraits } from "./network-traits.ts";

/** A subnet of a network, with its defaults. */
export interface Subnet {
  /** Its position in `subnets`. */
  readonly index: number;
  readonly cidr: Cidr;
  /** The host's own address; null where the host has none. */
  readonly address: Ip | null;
  /** The router that guests use; null without one. */
  readonly gateway: Ip | null;
  /** What the host answers by DHCP; null where it does not. Guests in networks of other administrators may have DHCP all the same. */
  readonly dhcp: { readonly ranges: readonly IpRange[]; readonly reservations: readonly Reservation[] } | null;
  /** Name servers that guests get. */
  readonly dnsServers: readonly Ip[];
  readonly routes: readonly Route[];
}

/** Addresses from start to end, both included. */
export interface IpRange {
  readonly start: Ip;
  readonly end: Ip;
}

/** An address that DHCP gives to one machine alone. */
export interface Reservation {
  readonly address: Ip;
  readonly mac: string | null;
  readonly name: string | null;
  readonly duid: string | null;
}

/** Where packets to a subnet go. */
export interface Route {
  readonly to: Cidr;
  readonly via: Ip;
}

/** The subnets of a declared network. Addresses that cannot be read are left out: `checkWrittenNetworks` reports them. Pure. */
export function subnetsOf(config: Pick<Config, "networks">, name: string): readonly Subnet[] {
  const network = config.networks?.[name];
  return (network?.subnets ?? []).flatMap((subnet, index) => (network === undefined ? [] : readSubnet(network, subnet, index)));
}

function readSubnet(network: NetworkConfig, subnet: SubnetConfig, index: number): Subnet[] {
  const cidr = parseCidr(subnet.cidr);
  if (cidr === undefined) return [];
  const { hosted, routes } = networkTraits(network);
  const address = hosted ? (ipOf(subnet.address) ?? plus(subnetOf(cidr), 1)) : null;
  const answersDns = address !== null && network.dns?.enabled !== false;
  const { dhcp } = subnet;
  const given = subnet.dns_servers?.flatMap((server) => ipOf(server) ?? []);
  return [
    {
      index,
      cidr: subnetOf(cidr),
      address,
      gateway: ipOf(subnet.gateway) ?? (routes ? address : null),
      dhcp:
        dhcp === undefined
          ? null
          : { ranges: (dhcp.ranges ?? []).flatMap(readRange), reservations: (dhcp.reservations ?? []).flatMap(readReservation) },
      dnsServers: given ?? (answersDns && address !== null ? [address] : []),
      routes: (subnet.routes ?? []).flatMap(({ to, via }) => {
        const [target, router] = [parseCidr(to), ipOf(via)];
        return target === undefined || router === undefined ? [] : [{ to: target, via: router }];
      }),
    },
  ];
}

function readRange(range: { readonly start: string; readonly end: string }): IpRange[] {
  const [start, end] = [ipOf(range.start), ipOf(range.end)];
  return start === undefined || end === undefined ? [] : [{ start, end }];
}

type ReservationConfig = NonNullable<NonNullable<SubnetConfig["dhcp"]>["reservations"]>[number];

function readReservation({ address, mac, name, duid }: ReservationConfig): Reservation[] {
  const ip = ipOf(address);
  return ip === undefined ? [] : [{ address: ip, mac: mac ?? null, name: name ?? null, duid: duid ?? null }];
}

function ipOf(text: string | undefined): Ip | undefined {
  return text === undefined ? undefined : parseIp(text);
}
