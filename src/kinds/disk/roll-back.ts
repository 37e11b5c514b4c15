import type { ResizeSnapshot } from "../../drivers/driver.ts";
import { checkpointOf } from "../../drivers/index.ts";
import type { Action } from "../../model/action.ts";
import { type Change, causeOf, combineCauses } from "../../model/change.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { switchOff, switchOnAgain } from "../power/plan.ts";
import { type DiskAddress, diskExists, rolledBack } from "../terms/disk-address.ts";
import { ownerName } from "../terms/disk-owner.ts";
import { recordedDisk } from "../terms/disk-record.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { guests, stopped } from "../terms/guest-address.ts";
import type { InstanceDisk } from "./disk.ts";
import { diskAction } from "./plan.ts";

/** What `disk.roll_back` is given. */
export interface RollBackArgs {
  readonly disk: InstanceDisk["disk"];
  /** Bytes that the disk had then. */
  readonly size: number;
}

/**
 * The snapshot that a disk is rolled back to (Nova RSZ-07): exactly its old size is wanted, or a rollback was started and has to
 * be brought to an end. Undefined when the disk stays what it is.
 */
export function snapshotToRollBackTo(want: Pick<InstanceDisk, "disk">, have: OwnedDiskState): ResizeSnapshot | undefined {
  const { disk } = have;
  const snapshot = disk?.resizeSnapshot;
  if (disk === undefined || snapshot === undefined) return undefined;
  return snapshot.rollingBack || (want.disk.size === snapshot.size && disk.size > snapshot.size) ? snapshot : undefined;
}

/** Rolls a disk back to its snapshot, with its guest switched off meanwhile. `grow`: what has to follow. */
export function rollBack(
  address: DiskAddress,
  want: InstanceDisk,
  have: OwnedDiskState,
  snapshot: ResizeSnapshot,
  grow: Action | undefined,
): Change {
  const found = have.disk?.size ?? 0;
  const { name } = checkpointOf(want.disk.backend);
  const [then, now] = [formatQuantity(snapshot.size), formatQuantity(found)];
  const size = grow === undefined ? snapshot.size : (want.disk.size ?? snapshot.size);
  const effect = have.running ? "restart" : "none";
  const cause = causeOf(size, have.applied.size ?? undefined, found);
  const args: RollBackArgs = { disk: want.disk, size: snapshot.size };
  const back: Action = {
    ...diskAction(have, address, "roll_back", `roll back to snapshot ${name} of ${then}`, args),
    id: `${address}#roll-back`,
    needs: [stopped(guests.at(ownerName(have.owner)))],
    makes: [diskExists(address), rolledBack(address)],
    // An interrupted rollback has lost it already.
    ...(snapshot.rollingBack
      ? {}
      : { destroys: `all that was written to disk ${address.slice("disk/".length)} since it grew from ${then} to ${now}` }),
  };
  const after = grow === undefined ? [] : [{ ...grow, needs: [...grow.needs, rolledBack(address)] }];
  return {
    address,
    verb: "update",
    cause: combineCauses([cause]),
    reason: snapshot.rollingBack
      ? `rollback to snapshot ${name} was interrupted`
      : `its size before growth is configured again: it is rolled back to snapshot ${name}, and data written since is lost`,
    fields: [
      ...(size === found ? [] : [{ path: "size", old: found, new: size, effect, cause } as const]),
      { path: "resize_snapshot", old: snapshot.size, effect, cause },
    ],
    actions: [...switchOff(want.domain, have), back, ...after, ...switchOnAgain(want.domain, have)],
    before: { ...recordedDisk(have.applied), size: found },
    after: { ...recordedDisk(have.applied), size },
  };
}
