import type { DiskState } from "../../drivers/driver.ts";
import { driverOf } from "../../drivers/index.ts";
import type { Change } from "../../model/change.ts";
import type { HostSettings } from "../../model/settings.ts";

/** The change, saying of each disk that it removes how much is overwritten before: it can take hours. */
export function withClearing(change: Change | undefined, disk: DiskState | undefined, { drivers }: HostSettings): Change | undefined {
  const settings = disk === undefined ? undefined : drivers[disk.backend];
  if (change === undefined || disk === undefined || settings === undefined) return change;
  const clearing = driverOf(disk.backend).clearing?.(disk, settings);
  if (clearing === undefined) return change;
  const actions = change.actions.map((action) =>
    action.type === "disk.remove" || action.type === "volume.remove"
      ? { ...action, summary: `${clearing.words}, then remove`, cost: { moves: { overwrite: clearing.bytes } } }
      : action,
  );
  return { ...change, actions };
}
