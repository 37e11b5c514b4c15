import type { UsedSubnet } from "../../model/host-facts.ts";
import { type Cidr, formatCidr, overlaps, parseCidr } from "../../model/ip.ts";
import type { KernelRoute } from "../../tools/route-table.ts";

/** A network of others, as far as this is about subnets. */
export interface OtherNetwork {
  readonly name: string;
  readonly active: boolean;
  readonly bridge: string | null;
  readonly subnets: readonly Cidr[];
}

/** What of the host overlaps one of the wanted subnets: networks of others, and routes to devices that are not theirs. Pure. */
export function overlappingSubnets(
  wanted: readonly string[],
  others: readonly OtherNetwork[],
  routes: readonly KernelRoute[],
): UsedSubnet[] {
  const own = wanted.flatMap((text) => parseCidr(text) ?? []);
  const meets = (cidr: Cidr) => own.some((one) => overlaps(one, cidr));
  const bridges = new Set(others.map(({ bridge }) => bridge));
  return [
    ...others.flatMap(({ name, active, bridge, subnets }) =>
      subnets.filter(meets).map((cidr) => ({ cidr: formatCidr(cidr), network: name, active, device: bridge })),
    ),
    ...routes
      .filter(({ device, cidr }) => !bridges.has(device) && meets(cidr))
      .map(({ cidr, device }) => ({ cidr: formatCidr(cidr), network: null, active: true, device })),
  ];
}
