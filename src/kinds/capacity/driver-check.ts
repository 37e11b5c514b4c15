import type { PlannedDisk } from "../../drivers/driver.ts";
import { allDrivers } from "../../drivers/index.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import type { HostSettings } from "../../model/settings.ts";

/** Whether what the drivers of these disks need exists and has room for them. */
export function checkDrivers(disks: readonly PlannedDisk[], { facts }: Pick<Observed, "facts">, settings: HostSettings): Diagnostic[] {
  return allDrivers().flatMap((driver) => {
    const mine = disks.filter(({ disk }) => disk.backend === driver.name);
    return mine.length === 0 ? [] : (driver.check?.(mine, facts.drivers[driver.name], settings) ?? []);
  });
}
