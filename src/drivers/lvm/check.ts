import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { HostSettings } from "../../model/settings.ts";
import { luksReserve } from "../../tools/luks.ts";
import { blankOf } from "../content.ts";
import type { ClaimedRoom, Driver, PlannedDisk } from "../driver.ts";
import { sum } from "../shared/sum.ts";
import { groupMissing, type LvmFacts } from "./look.ts";
import { type LvmSettings, lvmSettings } from "./settings.ts";
import { sparsePool, wholeExtents } from "./sparse.ts";

/** Whether the group exists and has room. Nova LVM-03: a sparse volume is counted by what it takes at once. Pure. */
export function checkLvm(
  disks: readonly PlannedDisk[],
  group: LvmFacts | undefined,
  host: HostSettings,
  claimed: ClaimedRoom,
): Diagnostic[] {
  const settings = lvmSettings(host);
  const name = settings?.volumeGroup ?? "";
  if (group === undefined || group === null) return [groupMissing(settings)];
  const sparse = settings?.sparse === true;
  const virtual = sum(disks.map(({ missing }) => missing));
  const needed = bytesAtOnce(disks, sparse, group.extentSize);
  const free = Math.max(0, group.free - claimed.bytes);
  const running =
    claimed.bytes === 0 ? "" : `, ${formatQuantity(claimed.bytes)} of it claimed by running applies of ${claimed.applies.join(", ")}`;
  const words = `${formatQuantity(needed)} for new and grown volumes, free: ${formatQuantity(group.free)} of ${formatQuantity(group.size)}${running}`;
  if (needed > free) {
    const remedy = "Extend the group, remove volumes, or use smaller disks.";
    return [
      problem("insufficient-volume-group", {
        summary: `Not enough free space in volume group ${name}`,
        detail: `Requested: ${words}. ${remedy}`,
        pointer,
      }),
    ];
  }
  if (!sparse || virtual <= free) return [];
  const detail = `The new volumes are ${formatQuantity(virtual)} together and ${formatQuantity(free)} are free${claimed.bytes === 0 ? "" : ` beside what running applies of ${claimed.applies.join(", ")} take`}. They are sparse: if guests fill them, the group runs out of space and their writes fail.`;
  return [problem("volume-group-overcommitted", { summary: `Volume group ${name} is overcommitted`, detail, pointer }, "warning")];
}

/** Where the volume group is named. */
const pointer = ["host", "lvm", "volume_group"];

/** The volume group in claims: applies of several projects that run at the same time share its room. */
export const lvmPool: NonNullable<Driver<LvmSettings | undefined, LvmFacts>["pool"]> = {
  name: (_, host) => {
    const name = lvmSettings(host)?.volumeGroup;
    return name === undefined ? undefined : `lvm ${name}`;
  },
  takes: (disks, group, host) => (group ? bytesAtOnce(disks, lvmSettings(host)?.sparse === true, group.extentSize) : 0),
};

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
