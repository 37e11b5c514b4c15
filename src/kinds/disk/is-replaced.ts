import type { OwnedDiskState } from "../terms/disk-state.ts";
import { isInstanceDisk, type OwnedDisk } from "./disk.ts";
import { isLost } from "./lost.ts";
import { mustBeRemade } from "./must-be-remade.ts";
import { snapshotToRollBackTo } from "./roll-back.ts";

/**
 * Whether this plan gives a disk other content than the guest knows: it is recreated or rolled back, so saved memory no longer fits it. A volume is
 * recreated only on request.
 */
export function isReplaced(want: OwnedDisk, have: OwnedDiskState | undefined): boolean {
  if (have === undefined) return false;
  if (!isInstanceDisk(want)) return have.disk !== undefined && have.replace === true;
  if (have.disk === undefined) return isLost(want, have);
  return mustBeRemade(want, have) || snapshotToRollBackTo(want, have) !== undefined;
}
