import { contains, type Ip, parseIp } from "../../model/ip.ts";
import type { Config, NicConfig } from "../config.ts";
import { networkOf } from "./network-of.ts";
import { type Subnet, subnetsOf } from "./subnets-of.ts";

/** A fixed address of an interface, and the subnet of its network that it is in. */
export interface FixedAddress {
  readonly ip: Ip;
  readonly subnet: Subnet;
  /** DHCP of the host gives it to the interface. DHCPv6 does not know machines by their MAC addresses. */
  readonly reserved: boolean;
}

/** The fixed addresses of an interface in a declared network. Those in no subnet of it are left out: `checkFixedAddresses` reports them. Pure. */
export function fixedAddresses(config: Pick<Config, "networks">, nic: Pick<NicConfig, "network" | "addresses">): FixedAddress[] {
  const { name } = networkOf(config, nic) ?? {};
  if (name === undefined || nic.addresses === undefined) return [];
  const subnets = subnetsOf(config, name);
  return nic.addresses.flatMap((text) => {
    const ip = parseIp(text);
    const subnet = ip === undefined ? undefined : subnets.find(({ cidr }) => contains(cidr, ip));
    return ip === undefined || subnet === undefined ? [] : [{ ip, subnet, reserved: ip.family === 4 && subnet.dhcp !== null }];
  });
}
