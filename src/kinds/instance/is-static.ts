import type { SeedInterface } from "../terms/spec.ts";

/** Whether an interface has an address that DHCP does not give. Pure. */
export function isStatic({ addresses = [] }: SeedInterface): boolean {
  return addresses.some(({ dhcp }) => !dhcp);
}
