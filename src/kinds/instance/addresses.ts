import type { Context } from "../../model/context.ts";
import { parseIp } from "../../model/ip.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { neighbours } from "../../tools/neighbours.ts";
import type { InstanceOverview } from "./overview.ts";

/** Guests of which a host is asked at the same time. */
const together = 16;

/**
 * Addresses of guests by the name of the instance: those that libvirt's networks leased to them and those that their agents tell, and of a family of which these
 * have none, those under which the host has talked to them. Guests on qemu's user network have none that can be reached.
 */
export async function addressesOf(
  context: Context,
  instances: readonly (Pick<InstanceOverview, "name" | "uuid" | "status" | "interfaces"> & Partial<Pick<InstanceOverview, "hasAgent">>)[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const up = instances.filter(({ status, interfaces }) => {
    return (
      (status === "active" || status === "paused" || status === "rescue") && Object.values(interfaces).some((to) => !to.startsWith("user"))
    );
  });
  if (up.length === 0) return new Map();
  const known = neighbours(context);
  const found = new Map<string, readonly string[]>();
  for (let start = 0; start < up.length; start += together) {
    await Promise.all(
      up.slice(start, start + together).map(async ({ name, uuid, interfaces, hasAgent }) => {
        const libvirt = libvirtOf(context);
        const none: ReadonlyMap<string, readonly string[]> = new Map();
        const [leases, told, seen] = await Promise.all([
          Object.values(interfaces).some((to) => to.startsWith("network ")) ? libvirt.leases(uuid) : none,
          hasAgent ? libvirt.agentAddresses(uuid) : none,
          known,
        ]);
        const of = (mac: string) => {
          const addresses = [...(leases.get(mac) ?? []), ...(told.get(mac) ?? []).filter(isUsable)];
          const families = new Set(addresses.map(isIpv6));
          return [...addresses, ...(seen.get(mac) ?? []).filter((address) => !families.has(isIpv6(address)))];
        };
        const cards = Object.entries(interfaces).filter(([, to]) => !to.startsWith("user"));
        found.set(name, [...new Set(cards.flatMap(([mac]) => of(mac)))]);
      }),
    );
  }
  return found;
}

const isIpv6 = (address: string) => address.includes(":");

/** An address that an agent tells can be any text, and one that is valid on a link alone is of no use elsewhere. */
function isUsable(text: string): boolean {
  return parseIp(text) !== undefined && !/^(?:fe[89ab]|169\.254\.|127\.|::1$)/i.test(text);
}
