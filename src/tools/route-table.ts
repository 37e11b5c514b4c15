import { type Cidr, subnetOf } from "../model/ip.ts";

/** A route of the kernel: packets to the subnet leave by the device. */
export interface KernelRoute {
  readonly cidr: Cidr;
  readonly device: string;
}

/** RTF_UP and RTF_REJECT of Linux: the route is in use, and the route refuses packets. */
const [up, reject] = [0x1, 0x200];

/** The routes in `/proc/net/route`, without the default route. Lines of another form are left out. Pure. */
export function ipv4Routes(table: string): KernelRoute[] {
  return table.split("\n").flatMap((line) => {
    const [device = "", destination = "", , flags = "", , , , mask = ""] = line.split("\t");
    if (![destination, mask].every((text) => /^[0-9A-F]{8}$/.test(text)) || !isUsed(flags)) return [];
    const prefix = littleEndian(mask).toString(2).replaceAll("0", "").length;
    return made(device, { family: 4, value: littleEndian(destination), prefix });
  });
}

/** The routes in `/proc/net/ipv6_route`, without the default route, link-local addresses, multicast and single addresses of the host. Pure. */
export function ipv6Routes(table: string): KernelRoute[] {
  return table.split("\n").flatMap((line) => {
    const [destination = "", length = "", , , , , , , flags = "", device = ""] = line.trim().split(/\s+/);
    if (!/^[0-9a-f]{32}$/.test(destination) || !/^[0-9a-f]{2}$/.test(length) || !isUsed(flags)) return [];
    if (device === "lo" || /^(?:fe[89ab]|ff)/.test(destination)) return [];
    return made(device, { family: 6, value: BigInt(`0x${destination}`), prefix: Number.parseInt(length, 16) });
  });
}

function made(device: string, cidr: Cidr): KernelRoute[] {
  const most = cidr.family === 4 ? 32 : 128;
  return cidr.prefix === 0 || cidr.prefix > most || (cidr.family === 6 && cidr.prefix === most) ? [] : [{ device, cidr: subnetOf(cidr) }];
}

function isUsed(flags: string): boolean {
  const value = /^[0-9a-fA-F]{1,8}$/.test(flags) ? Number.parseInt(flags, 16) : 0;
  return (value & up) !== 0 && (value & reject) === 0;
}

/** The kernel writes an IPv4 address as the number that it has in memory. */
function littleEndian(hex: string): bigint {
  return BigInt(`0x${(hex.match(/../g) ?? []).reverse().join("")}`);
}
