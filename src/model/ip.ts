/** An IP address as a number, with its family. */
export interface Ip {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A subnet: its first address and the length of its prefix. */
export interface Cidr extends Ip {
  readonly prefix: number;
}

const bits = { 4: 32, 6: 128 } as const;

/** Reads an address; undefined for other text. IPv4 has four decimal parts without leading zeros, IPv6 no zone. */
export function parseIp(text: string): Ip | undefined {
  return text.includes(":") ? parseV6(text) : parseV4(text);
}

/** The address as it is usually written: IPv6 in lower case, its longest run of zeros shortened (RFC 5952). */
export function formatIp({ family, value }: Ip): string {
  if (family === 4) return parts(value, 4, 8).join(".");
  const groups = parts(value, 8, 16);
  const { start, length } = longestZeros(groups);
  const hex = (some: readonly number[]) => some.map((group) => group.toString(16)).join(":");
  return length < 2 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

/** An address as it is usually written; other text as it is. */
export function addressText(text: string): string {
  const ip = parseIp(text);
  return ip === undefined ? text : formatIp(ip);
}

/** Reads `10.0.0.0/24`, or one address as the subnet of it alone; undefined for other text. */
export function addressSubnet(text: string): Cidr | undefined {
  const ip = parseIp(text);
  return ip === undefined ? parseCidr(text) : { ...ip, prefix: bits[ip.family] };
}

/** Reads `10.0.0.0/24`; undefined for other text. Bits behind the prefix stay as they are written. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = "", prefix = "", ...rest] = text.split("/");
  const ip = parseIp(address);
  if (ip === undefined || rest.length > 0 || !/^(?:0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > bits[ip.family]) return undefined;
  return { ...ip, prefix: Number(prefix) };
}

/** `10.0.0.0/24`. */
export function formatCidr(cidr: Cidr): string {
  return `${formatIp(cidr)}/${cidr.prefix}`;
}

/** The subnet that an address with a prefix is in: the bits behind the prefix are zero. */
export function subnetOf({ family, value, prefix }: Cidr): Cidr {
  const host = BigInt(bits[family] - prefix);
  return { family, value: (value >> host) << host, prefix };
}

/** The last address of a subnet; the broadcast address of an IPv4 subnet. */
export function lastOf(cidr: Cidr): Ip {
  const { family, value, prefix } = subnetOf(cidr);
  return { family, value: value + (1n << BigInt(bits[family] - prefix)) - 1n };
}

/** The address `by` further on. */
export function plus({ family, value }: Ip, by: number | bigint): Ip {
  return { family, value: value + BigInt(by) };
}

/** Whether an address is in a subnet. */
export function contains(cidr: Cidr, ip: Ip): boolean {
  return ip.family === cidr.family && ip.value >= subnetOf(cidr).value && ip.value <= lastOf(cidr).value;
}

/** Whether two subnets share addresses. */
export function overlaps(one: Cidr, other: Cidr): boolean {
  return contains(one, subnetOf(other)) || contains(other, subnetOf(one));
}

/** Whether a host can have the address in the subnet: IPv4 has a network and a broadcast address. IPv6 reserves its first one for routers. */
export function isHostAddress(cidr: Cidr, ip: Ip): boolean {
  if (!contains(cidr, ip)) return false;
  const size = bits[cidr.family] - cidr.prefix;
  if (size < 2) return true;
  return ip.value !== subnetOf(cidr).value && (cidr.family === 6 || ip.value !== lastOf(cidr).value);
}

/** `255.255.255.0` for 24. */
export function netmaskOf({ family, prefix }: Pick<Cidr, "family" | "prefix">): string {
  const all = (1n << BigInt(bits[family])) - 1n;
  return formatIp({ family, value: all ^ ((1n << BigInt(bits[family] - prefix)) - 1n) });
}

function parseV4(text: string): Ip | undefined {
  const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1);
  if (found === undefined || found.some((part) => Number(part) > 255 || (part.length > 1 && part.startsWith("0")))) return undefined;
  return { family: 4, value: found.reduce((value, part) => (value << 8n) | BigInt(part), 0n) };
}

function parseV6(text: string): Ip | undefined {
  if (text.length > 45) return undefined;
  const [head = "", tail, ...rest] = withoutDots(text)?.split("::") ?? ["!"];
  if (rest.length > 0) return undefined;
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array.from({ length: missing }, () => 0), ...after];
  return { family: 6, value: groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n) };
}

/** The last 32 bits may be written as an IPv4 address. */
function withoutDots(text: string): string | undefined {
  const colon = text.lastIndexOf(":");
  const last = text.slice(colon + 1);
  if (!last.includes(".")) return text;
  const dotted = parseV4(last);
  if (dotted === undefined) return undefined;
  return `${text.slice(0, colon + 1)}${(dotted.value >> 16n).toString(16)}:${(dotted.value & 0xffffn).toString(16)}`;
}

function groupsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) ? groups.map((group) => Number.parseInt(group, 16)) : undefined;
}

function parts(value: bigint, count: number, width: number): number[] {
  const mask = (1n << BigInt(width)) - 1n;
  return Array.from({ length: count }, (_, index) => Number((value >> BigInt((count - 1 - index) * width)) & mask));
}

function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  }
  return best;
}
