import { type Cidr, type Ip, parseIp, subnetOf } from "../../model/ip.ts";
import type { XmlElement } from "../../tools/xml.ts";

/** The subnet of an `<ip>` of a network of libvirt's, in which the host has that address; undefined for one that cannot be read. Pure. */
export function hostSubnet({ attributes }: Pick<XmlElement, "attributes">): Cidr | undefined {
  const ip = parseIp(attributes["address"] ?? "");
  const prefix = ip === undefined ? undefined : prefixOf(ip, attributes);
  return ip === undefined || prefix === undefined ? undefined : subnetOf({ ...ip, prefix });
}

/** libvirt writes a prefix or a netmask, or neither for the old classes of IPv4. */
function prefixOf({ family, value }: Ip, { prefix, netmask }: XmlElement["attributes"]): number | undefined {
  if (prefix !== undefined) return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128) ? Number(prefix) : undefined;
  const mask = netmask === undefined ? undefined : parseIp(netmask);
  if (mask !== undefined) return mask.value.toString(2).replace(/0+$/, "").length;
  if (family === 6) return 64;
  const first = Number(value >> 24n);
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}
