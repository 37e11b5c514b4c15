import type { Context } from "../../model/context.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { neighbours } from "../../tools/neighbours.ts";
import type { InstanceOverview } from "./overview.ts";

/** Guests of which a host is asked at the same time. */
const together = 16;

/**
 * Addresses of guests by the name of the instance: those that libvirt's networks leased to them, else those under which the host has talked to them. Guests on
 * qemu's user network have none that can be reached.
 */
export async function addressesOf(
  context: Context,
  instances: readonly Pick<InstanceOverview, "name" | "uuid" | "status" | "interfaces">[],
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
      up.slice(start, start + together).map(async ({ name, uuid, interfaces }) => {
        const leased = Object.values(interfaces).some((to) => to.startsWith("network "))
          ? await libvirtOf(context).leases(uuid)
          : new Map();
        const [leases, seen] = [leased as ReadonlyMap<string, readonly string[]>, await known];
        found.set(name, [...new Set(Object.keys(interfaces).flatMap((mac) => leases.get(mac) ?? seen.get(mac) ?? []))]);
      }),
    );
  }
  return found;
}
