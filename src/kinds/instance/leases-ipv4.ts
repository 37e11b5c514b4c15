import type { SeedAddressing } from "../terms/spec.ts";

/** Whether an interface asks for an IPv4 address by DHCP: no other one is written for it. Pure. */
export function leasesIpv4({ addresses = [], ipv4 }: Pick<SeedAddressing, "addresses" | "ipv4">): boolean {
  return ipv4 !== false && !addresses.some(({ dhcp, family }) => !dhcp && family === 4);
}
