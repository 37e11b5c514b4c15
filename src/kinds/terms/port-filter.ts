import { uuidV5 } from "../../model/uuid.ts";

/** The filter of one network interface. */
export interface PortFilter {
  /** Its name within the project, which its address has: `web-0-525400aabbcc` (Nova FW-03). */
  readonly name: string;
  /** libvirt's name of it. */
  readonly filter: string;
  /** The security groups of the interface, sorted. */
  readonly groups: readonly string[];
  /** The fixed addresses that the guest may send from; empty: the one that it gets by DHCP. */
  readonly addresses: readonly string[];
  /** What the guest may send from beyond that, each once. */
  readonly pairs: readonly AddressPair[];
}

/** Addresses that a guest may send from beside its own (Neutron's allowed address pairs). */
export interface AddressPair {
  /** A subnet as text: `10.0.0.50/32`. */
  readonly subnet: string;
  /** The MAC address that they are sent with: that of the interface, or another one. */
  readonly mac: string;
}

/** How the names of all filters of virtform begin. */
export const filterNamespace = "virtform:";

/** How the names of all filters of a project begin. Names of projects and groups hold no colon, so that a name has one meaning. */
export function filterPrefix(project: string): string {
  return `${filterNamespace}${project}:`;
}

/** libvirt's name of the filter of a security group. */
export function groupFilterName(project: string, group: string): string {
  return `${filterPrefix(project)}group:${group}`;
}

/** libvirt's name of the filter of an interface, by the name in its address. */
export function portFilterName(project: string, port: string): string {
  return `${filterPrefix(project)}port:${port}`;
}

/**
 * The name of the filter of an interface in its address. It follows the name that the instance was created as, so that a renamed guest keeps its
 * filter: a running guest would be without one while it got another.
 */
export function portName(origin: string, mac: string): string {
  return `${origin.replace("#", ".")}-${mac.replaceAll(":", "")}`;
}

/** The instance that the filter of an interface was created for. */
export function originOfPort(name: string): string {
  return name.replace(/(?:\.\d+)?-[0-9a-f]{12}$/, "");
}

/**
 * The uuid of a filter of ours. libvirt keeps neither metadata nor descriptions of filters, so a filter is ours if its uuid follows from its name: one that
 * others made under such a name has another. Nova FW-04: the same filter keeps its uuid.
 */
export function filterUuid(name: string): string {
  return uuidV5(`nwfilter/1/${name}`);
}

/** Filters that libvirt brings along (Nova FW-12) and that those of interfaces refer to. */
export const usedFilters = [
  "no-mac-spoofing",
  "no-ip-spoofing",
  "no-ipv6-spoofing",
  "no-arp-mac-spoofing",
  "no-arp-ip-spoofing",
  "no-other-l2-traffic",
] as const;
