import { formatIp, parseIp } from "../../model/ip.ts";

/** The address that an interface gives itself on its link (RFC 4291, modified EUI-64). */
export function linkLocal(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(":").map((part) => Number.parseInt(part, 16));
  const hex = (high: number, low: number) => ((high << 8) | low).toString(16);
  const text = `fe80::${hex(a ^ 2, b)}:${hex(c, 0xff)}:${hex(0xfe, d)}:${hex(e, f)}`;
  const ip = parseIp(text);
  return ip === undefined ? text : formatIp(ip);
}
