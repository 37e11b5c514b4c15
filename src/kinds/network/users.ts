import type { DomainRecord } from "../../tools/libvirt/libvirt.ts";
import { find, findAll, parseXml } from "../../tools/xml.ts";

/** One interface of a domain, and the network of libvirt's that it is in. */
export interface FoundUser {
  readonly network: string;
  readonly uuid: string;
  readonly domain: string;
  readonly running: boolean;
  readonly mac: string;
  readonly tap: string | null;
  /** The bridge that it was connected to when it started; null where the domain does not run. */
  readonly bridge: string | null;
}

/** The interfaces of a domain that are in networks of libvirt's: those that it runs with, and those that only its definition has. Pure. */
export function usersOf({ uuid, name, xml, active }: Pick<DomainRecord, "uuid" | "name" | "xml" | "active">): FoundUser[] {
  const running = active === null ? [] : interfacesIn(active).map((nic) => ({ ...nic, uuid, domain: name, running: true }));
  const stored = interfacesIn(xml)
    .filter(({ mac, network }) => !running.some((nic) => nic.mac === mac && nic.network === network))
    .map((nic) => ({ ...nic, uuid, domain: name, running: false, tap: null, bridge: null }));
  return [...running, ...stored];
}

function interfacesIn(xml: string): Pick<FoundUser, "network" | "mac" | "tap" | "bridge">[] {
  return findAll(find(parseXml(xml), "devices"), "interface").flatMap((nic) => {
    const { network, bridge = null } = find(nic, "source")?.attributes ?? {};
    if (network === undefined) return [];
    const mac = (find(nic, "mac")?.attributes["address"] ?? "").toLowerCase();
    return [{ network, mac, tap: find(nic, "target")?.attributes["dev"] ?? null, bridge }];
  });
}
