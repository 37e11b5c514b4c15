import { driverOf } from "../../drivers/index.ts";
import type { Action } from "../../model/action.ts";
import { type Change, causeOf, combineCauses } from "../../model/change.ts";
import { instanceFiles } from "../../model/layout.ts";
import type { Observed } from "../../model/observed.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { HostSettings } from "../../model/settings.ts";
import { activeLayer } from "../chain/active-layer.ts";
import { discardMemory } from "../power/plan.ts";
import type { DiskAddress } from "../terms/disk-address.ts";
import { appliedOf } from "../terms/disk-record.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { grown, guests, stopped, up } from "../terms/guest-address.ts";
import type { GrowArgs } from "./actions.ts";
import type { OwnedDisk } from "./disk.ts";
import { lives } from "./life.ts";
import { diskAction } from "./plan.ts";
import { diskUser } from "./user.ts";

/** What makes a disk larger that is smaller than wanted, through the guest that runs with it or while it is off. */
export function growth(
  address: DiskAddress,
  want: OwnedDisk,
  have: OwnedDiskState,
  observed: Observed,
  settings: HostSettings,
): Change | undefined {
  const { disk, domain } = want;
  const { size } = disk;
  const found = have.disk?.size ?? 0;
  if (size === null || size <= found) return undefined;
  const cause = causeOf(size, have.applied.size ?? undefined, found);
  // Nova RBD-10. An existing snapshot is from before an earlier growth, or from an earlier attempt, and is kept.
  const { checkpoint: way } = driverOf(disk.backend);
  const layer = activeLayer(have);
  const checkpoint = layer === null && way?.wanted(disk, settings.drivers[disk.backend]) === true;
  const first = checkpoint && have.disk?.resizeSnapshot === undefined ? `, after a snapshot ${way?.name}` : "";
  const user = diskUser(have, observed);
  // A guest with saved memory goes on first, and then the disk grows as that of any guest that runs. One that stays off loses the memory;
  // `checkVolumes` sees to it that a guest with a volume goes on.
  const saved = user?.saved === true;
  const running = user?.running === true || (saved && (domain === null || domain.powerState === "running"));
  const guest = user === null ? null : guests.at(user.instance);
  const args: GrowArgs = {
    disk,
    online: running && user !== null ? { uuid: user.uuid } : null,
    user: user === null ? null : { uuid: user.uuid, instance: user.instance },
    checkpoint,
    layer,
  };
  const grow = diskAction(
    have,
    address,
    "grow",
    `grow from ${formatQuantity(found)} to ${formatQuantity(size)}${layer === null ? first : `, in its active layer ${layer.path}`}`,
    args,
  );
  const action: Action = {
    ...grow,
    needs: saved && guest !== null ? [running ? up(guest) : stopped(guest)] : [],
    makes: saved && running ? [] : [...grow.makes, ...(running && guest !== null ? [grown(guest)] : [])],
    effect: running ? "live" : "none",
  };
  const { json } = lives[have.kind];
  return {
    address,
    verb: "update",
    cause: combineCauses([cause]),
    reason: isSizedByItself(want) ? "smaller than declared" : "smaller than in the flavor",
    fields: [{ path: "size", old: found, new: size, effect: action.effect, cause }],
    actions: [...(saved && !running && domain !== null ? [discardMemory(domain)] : []), action],
    before: { ...json(have.applied, have.owner.protects), size: found },
    after: json(appliedOf(disk), disk.owner.protects),
  };
}

/** Whether the size is written for this disk, and not in a flavor. */
function isSizedByItself({ disk: { role, name } }: OwnedDisk): boolean {
  return role === "volume" || (role === "ephemeral" && name !== instanceFiles.local);
}
