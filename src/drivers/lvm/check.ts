import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { HostSettings } from "../../model/settings.ts";
import { luksReserve } from "../../tools/luks.ts";
import { blankOf } from "../content.ts";
import type { PlannedDisk } from "../driver.ts";
import { sum } from "../shared/sum.ts";
import { groupMissing, type LvmFacts } from "./look.ts";
import { lvmSettings } from "./settings.ts";
import { sparsePool, wholeExtents } from "./sparse.ts";

/** Whether the group exists and has room. Nova LVM-03: a sparse volume is counted by what it takes at once. Pure. */
export function checkLvm(disks: readonly PlannedDisk[], group: LvmFacts | undefined, host: HostSettings): Diagnostic[] {
  const settings = lvmSettings(host);
  const name = settings?.volumeGroup ?? "";
  if (group === undefined || group === null) return [groupMissing(settings)];
  const sparse = settings?.sparse === true;
  const virtual = sum(disks.map(({ missing }) => missing));
  const needed = bytesAtOnce(disks, sparse, group.extentSize);
  const words = `${formatQuantity(needed)} for new and grown volumes, free: ${formatQuantity(group.free)} of ${formatQuantity(group.size)}`;
  if (needed > group.free) {
    const remedy = "Extend the group, remove volumes, or use smaller disks.";
    return [
      problem("insufficient-volume-group", {
        summary: `Not enough free space in volume group ${name}`,
        detail: `Requested: ${words}. ${remedy}`,
      }),
    ];
  }
  if (!sparse || virtual <= group.free) return [];
  const detail = `The new volumes are ${formatQuantity(virtual)} together and ${formatQuantity(group.free)} are free. They are sparse: if guests fill them, the group runs out of space and their writes fail.`;
  return [problem("volume-group-overcommitted", { summary: `Volume group ${name} is overcommitted`, detail }, "warning")];
}

/** Bytes that the volumes take from their group when they are made or grown. */
function bytesAtOnce(disks: readonly PlannedDisk[], sparse: boolean, extentSize: number): number {
  let inReserve = 0;
  const each = disks.map(({ missing, found, baseSize, disk }) => {
    // What a sparse volume takes when it has grown comes from its pool.
    if (found !== undefined) return found.allocated === undefined ? 0 : missing;
    const encrypted = disk.encryption !== null;
    const reserve = encrypted ? wholeExtents(luksReserve, extentSize) : 0;
    const written = encrypted && blankOf(disk) !== null ? missing : baseSize;
    const pool = sparse ? sparsePool(missing + reserve, written + reserve, extentSize) : undefined;
    if (pool === undefined) return missing + reserve;
    inReserve = Math.max(inReserve, pool.records);
    return pool.data + pool.records;
  });
  return sum(each) + inReserve;
}
