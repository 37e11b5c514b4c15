import type { ClaimedRoom, PlannedDisk } from "../../drivers/driver.ts";
import { allDrivers } from "../../drivers/index.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { CapacityClaim } from "../../model/host-facts.ts";
import type { Observed } from "../../model/kind.ts";
import type { HostSettings } from "../../model/settings.ts";

/** Whether what the drivers of these disks need exists and has room for them. */
export function checkDrivers(disks: readonly PlannedDisk[], { facts }: Pick<Observed, "facts">, settings: HostSettings): Diagnostic[] {
  return allDrivers().flatMap((driver) => {
    const mine = disks.filter(({ disk }) => disk.backend === driver.name);
    const found = facts.drivers[driver.name];
    return mine.length === 0
      ? []
      : (driver.check?.(mine, found, settings, claimedOf(driver.pool?.name(found, settings), facts.claims)) ?? []);
  });
}

/** What applies of other projects that run now take from a pool. */
function claimedOf(pool: string | undefined, claims: readonly CapacityClaim[] = []): ClaimedRoom {
  const mine = claims.flatMap(({ project, pools }) => {
    const bytes = pool === undefined ? 0 : (pools?.[pool] ?? 0);
    return bytes === 0 ? [] : [{ project, bytes }];
  });
  return { bytes: mine.reduce((total, { bytes }) => total + bytes, 0), applies: mine.map(({ project }) => project) };
}
