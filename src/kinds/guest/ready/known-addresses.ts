import type { Context } from "../../../model/context.ts";
import { parseIp } from "../../../model/ip.ts";
import { libvirtOf } from "../../../tools/libvirt/libvirt.ts";
import { neighbours } from "../../../tools/neighbours.ts";

/** IP addresses of a guest that runs, by which its interfaces with these MAC addresses can be reached; IPv4 first, none that needs an interface (link-local). */
export async function knownAddresses(context: Context, uuid: string, cards: readonly string[], agent: boolean): Promise<string[]> {
  const libvirt = libvirtOf(context);
  const [leases, told, seen] = await Promise.all([
    libvirt.leases(uuid),
    agent ? libvirt.agentAddresses(uuid) : new Map<string, readonly string[]>(),
    neighbours(context),
  ]);
  const all = cards.flatMap((mac) => [leases, told, seen].flatMap((source) => source.get(mac) ?? []));
  const usable = [...new Set(all)].filter((address) => parseIp(address) !== undefined && !/^(fe[89ab]|169\.254\.)/i.test(address));
  return usable.toSorted((one, other) => Number(one.includes(":")) - Number(other.includes(":")));
}
