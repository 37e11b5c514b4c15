import { baseOf } from "../../drivers/content.ts";
import type { DiskSpec, KnownBase } from "../../drivers/driver.ts";
import { driverOf } from "../../drivers/index.ts";
import type { Action } from "../../model/action.ts";
import type { Change } from "../../model/change.ts";
import type { Observed } from "../../model/observed.ts";
import type { HostSettings } from "../../model/settings.ts";
import { bases } from "../image/address.ts";
import { knownBase } from "../image/expected-base.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import type { CreateArgs, GrowArgs } from "./actions.ts";
import type { OwnedDisk } from "./disk.ts";

/** The change with what making the disk costs, or making it larger, as its driver says. Pure. */
export function withCost(
  change: Change | undefined,
  want: OwnedDisk | undefined,
  have: OwnedDiskState | undefined,
  observed: Observed,
  settings: HostSettings,
): Change | undefined {
  if (change === undefined || want === undefined) return change;
  const priced = (action: Action, disk: DiskSpec, size: number): Action => {
    const driver = driverOf(disk.backend);
    const from = { base: baseFound(want, disk, observed), size };
    const cost = driver.cost?.(disk, from, settings.drivers[disk.backend], observed.facts.drivers[disk.backend]);
    return cost === undefined ? action : { ...action, cost };
  };
  const actions = change.actions.map((action) => {
    if (action.type === `${want.kind}.create`) return priced(action, (action.args as unknown as CreateArgs).disk, 0);
    if (action.type === `${want.kind}.grow`) return priced(action, (action.args as unknown as GrowArgs).disk, have?.disk?.size ?? 0);
    return action;
  });
  return { ...change, actions };
}

/** The base image of a disk in the cache, else as it is expected to be there. */
function baseFound({ expected = null }: OwnedDisk, disk: DiskSpec, observed: Observed): KnownBase | null {
  const base = baseOf(disk);
  if (base === null) return null;
  const found = observed.get(bases.at(base.entry));
  return found === undefined || !("sidecar" in found) ? expected : knownBase(found);
}
