import type { DiskSpec, PlannedDisk } from "../../drivers/driver.ts";
import { allDrivers, driverOf } from "../../drivers/index.ts";
import type { AddressOf } from "../../model/address.ts";
import type { CapacityClaim } from "../../model/host-facts.ts";
import type { Observed } from "../../model/kind.ts";
import type { Plan } from "../../model/plan.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { planned } from "./room.ts";

/**
 * What a plan brings to the host: guests that it defines or changes, new and grown disks, of which those that are no files by the pool that they
 * are kept in. Undefined when nothing. Pure.
 */
export function claimOf(
  { actions, changes }: Pick<Plan, "actions" | "changes">,
  observed: Observed,
  settings: HostSettings,
): Omit<CapacityClaim, "project"> | undefined {
  const guests = new Map<string, CapacityClaim["guests"][number]>();
  let diskBytes = 0;
  for (const { type, args } of actions) {
    const { spec, disk } = args as { readonly spec?: Partial<DomainSpec>; readonly disk?: DiskSpec };
    if (type.startsWith("domain.") && spec?.uuid !== undefined && spec.memory !== undefined && spec.vcpus !== undefined) {
      guests.set(spec.uuid, { uuid: spec.uuid, memory: spec.memory, vcpus: spec.vcpus });
    }
    if (type.endsWith(".create") && disk !== undefined && isFile(disk)) diskBytes += disk.size ?? 0;
  }
  for (const { actions: steps, fields } of changes) {
    const grows = steps.some(({ type, args }) => type.endsWith(".grow") && isFile((args as unknown as { readonly disk: DiskSpec }).disk));
    const size = fields.find(({ path }) => path === "size");
    if (grows && typeof size?.new === "number" && typeof size.old === "number") diskBytes += Math.max(0, size.new - size.old);
  }
  const pools = poolsOf(actions, observed, settings);
  if (guests.size === 0 && diskBytes === 0 && Object.keys(pools).length === 0) return undefined;
  return { guests: [...guests.values()], diskBytes, pools };
}

/** Bytes that new and grown disks take from pools that other projects use as well, by name of the pool. */
function poolsOf(actions: Plan["actions"], observed: Observed, settings: HostSettings): Readonly<Record<string, number>> {
  const disks = actions.flatMap(({ type, address, args }): PlannedDisk[] => {
    const { disk } = args as { readonly disk?: DiskSpec };
    return /\.(?:create|grow)$/.test(type) && disk !== undefined
      ? [planned({ address: address as AddressOf<OwnedDiskState>, disk }, observed)]
      : [];
  });
  const claims = allDrivers().flatMap(({ name, pool }) => {
    const mine = disks.filter(({ disk }) => disk.backend === name);
    const facts = observed.facts.drivers[name];
    const where = mine.length === 0 ? undefined : pool?.name(facts, settings);
    const bytes = where === undefined ? 0 : (pool?.takes(mine, facts, settings) ?? 0);
    return where === undefined || bytes === 0 ? [] : [[where, bytes] as const];
  });
  return Object.fromEntries(claims);
}

function isFile({ backend }: DiskSpec): boolean {
  return driverOf(backend).traits.files;
}
