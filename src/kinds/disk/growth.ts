import { driverOf } from "../../drivers/index.ts";
import type { Action } from "../../model/action.ts";
import { type Change, causeOf, combineCauses } from "../../model/change.ts";
import { instanceFiles } from "../../model/layout.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { HostSettings } from "../../model/settings.ts";
import { activeLayer } from "../chain/active-layer.ts";
import { discardMemory } from "../power/plan.ts";
import { type DiskAddress, diskExists } from "../terms/disk-address.ts";
import { grown, guests, stopped, up } from "../terms/guest-address.ts";
import { appliedOf } from "./applied.ts";
import type { InstanceDisk, InstanceDiskState } from "./disk.ts";
import { lockOf } from "./plan.ts";

/** What makes a disk larger that is smaller than wanted, through the guest that runs with it or while it is off. */
export function growth(address: DiskAddress, want: InstanceDisk, have: InstanceDiskState, settings: HostSettings): Change | undefined {
  const size = want.disk.size;
  const found = have.disk?.size ?? 0;
  if (size === null || size <= found) return undefined;
  const cause = causeOf(size, have.applied.size ?? undefined, found);
  // Nova RBD-10. An existing snapshot is from before an earlier growth, or from an earlier attempt, and is kept.
  const { checkpoint } = driverOf(want.disk.backend);
  const snapshot = checkpoint?.wanted(want.disk, settings.drivers?.[want.disk.backend]) === true;
  const first =
    snapshot && have.above === undefined && have.disk?.resizeSnapshot === undefined ? `, after a snapshot ${checkpoint?.name}` : "";
  // A guest with saved memory goes on first, and then it grows as that of any guest that runs. One that stays off loses the memory.
  const [saved, running] = [have.saved === true, have.running || (have.saved === true && want.domain.powerState === "running")];
  const guest = guests.at(have.instance);
  const layer = activeLayer(have);
  const action: Action = {
    id: `${address}#grow`,
    type: "disk.grow",
    address,
    summary: `grow from ${formatQuantity(found)} to ${formatQuantity(size)}${layer === null ? first : `, in its active layer ${layer.path}`}`,
    args: {
      disk: { ...want.disk },
      online: running,
      ...(snapshot && layer === null ? { snapshot } : {}),
      ...(layer === null ? {} : { layer }),
    } as unknown as Action["args"],
    needs: saved ? [running ? up(guest) : stopped(guest)] : [],
    makes: saved && running ? [] : [diskExists(address), ...(running ? [grown(guest)] : [])],
    locks: [lockOf(have.uuid)],
    effect: running ? "live" : "none",
  };
  return {
    address,
    verb: "update",
    cause: combineCauses([cause]),
    reason:
      want.disk.role === "ephemeral" && want.disk.name !== instanceFiles.local ? "smaller than declared" : "smaller than in the flavor",
    fields: [{ path: "size", old: found, new: size, effect: action.effect, cause }],
    actions: [...(saved && !running ? [discardMemory(want.domain)] : []), action],
    before: { ...have.applied, size: found },
    after: { ...appliedOf(want) },
  };
}
