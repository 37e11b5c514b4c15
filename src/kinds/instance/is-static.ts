import type { SeedInterface } from "../terms/spec.ts";

/** Whether an interface has an address that DHCP does not give, or VLANs, which a guest does not know by itself. Pure. */
export function isStatic({ addresses = [], vlans = [] }: SeedInterface): boolean {
  return vlans.length > 0 || addresses.some(({ dhcp }) => !dhcp);
}
