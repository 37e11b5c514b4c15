import { sparsePool } from "../../drivers/lvm/sparse.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { HostSettings } from "../../model/settings.ts";
import { groupMissing, ploopMissing, poolMissing, secretMissing } from "./backend-problems.ts";
import { checkMkfs } from "./mkfs-check.ts";
import { checkPreallocation } from "./preallocation-check.ts";
import { foundInPlace, missingBytes, type SizedDisk, wantedBase } from "./room-check.ts";

/** Whether what the backends of these disks need is there, and has room for them. `drives`: config drives are in Ceph. */
export function checkBackends(disks: readonly SizedDisk[], observed: Observed, settings: HostSettings, drives = false): Diagnostic[] {
  const on = (name: string) => disks.filter(({ disk }) => disk.backend === name);
  return [
    ...checkLvm(on("lvm"), observed, settings),
    ...checkRbd(drives || on("rbd").length > 0, observed, settings),
    ...checkPloop(on("ploop"), observed),
    ...checkPreallocation(disks, observed, settings),
    ...checkMkfs(disks, observed),
  ];
}

/** Nova LVM-03: a sparse volume is counted by what it takes at once. */
function checkLvm(disks: readonly SizedDisk[], observed: Observed, settings: HostSettings): Diagnostic[] {
  if (disks.length === 0) return [];
  const group = observed.facts.storage?.lvm;
  const name = settings.lvm?.volumeGroup ?? "";
  if (group === undefined || group === null) return [groupMissing(settings)];
  const sparse = settings.lvm?.sparse === true;
  const virtual = sum(disks.map((disk) => missingBytes(disk, observed)));
  const needed = bytesAtOnce(disks, observed, sparse, group.extentSize);
  const words = `${formatQuantity(needed)} for new and grown volumes, free: ${formatQuantity(group.free)} of ${formatQuantity(group.size)}`;
  if (needed > group.free) {
    const remedy = "Extend the group, remove volumes, or use smaller disks.";
    return [
      {
        severity: "error",
        code: "insufficient-volume-group",
        summary: `Volume group ${name} has not enough space`,
        detail: `Requested: ${words}. ${remedy}`,
      },
    ];
  }
  if (!sparse || virtual <= group.free) return [];
  const detail = `The new volumes are ${formatQuantity(virtual)} together and ${formatQuantity(group.free)} are free. They are sparse: when guests fill them, the group runs out, and their writes fail.`;
  return [
    { severity: "warning", code: "volume-group-overcommitted", summary: `Volume group ${name} is promised more than it has`, detail },
  ];
}

/** Bytes that the volumes take from their group when they are made or grown. */
function bytesAtOnce(disks: readonly SizedDisk[], observed: Observed, sparse: boolean, extentSize: number): number {
  let inReserve = 0;
  const each = disks.map((sized) => {
    const missing = missingBytes(sized, observed);
    const have = foundInPlace(sized, observed);
    // What a sparse volume takes when it has grown is its pool's business.
    if (have !== undefined) return have.allocated === undefined ? 0 : missing;
    const pool = sparse ? sparsePool(missing, wantedBase(sized, observed)?.sidecar.virtualSize ?? 0, extentSize) : undefined;
    if (pool === undefined) return missing;
    inReserve = Math.max(inReserve, pool.records);
    return pool.data + pool.records;
  });
  return sum(each) + inReserve;
}

function checkRbd(used: boolean, observed: Observed, settings: HostSettings): Diagnostic[] {
  if (!used) return [];
  const secret = observed.facts.storage?.rbd?.secret === false ? [secretMissing(settings)] : [];
  if (observed.facts.storage?.rbd?.pool === true) return secret;
  return [poolMissing(settings), ...secret];
}

function checkPloop(disks: readonly SizedDisk[], observed: Observed): Diagnostic[] {
  if (disks.length === 0 || observed.facts.storage?.ploop === true) return [];
  return [ploopMissing];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
