import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { HostSettings } from "../../model/settings.ts";
import { sparseReserve } from "../../tools/lvm.ts";
import { missingBytes, type SizedDisk } from "./room-check.ts";

/** Whether what the backends of these disks need is there, and has room for them. */
export function checkBackends(disks: readonly SizedDisk[], observed: Observed, settings: HostSettings): Diagnostic[] {
  const on = (name: string) => disks.filter(({ disk }) => disk.backend === name);
  return [...checkLvm(on("lvm"), observed, settings), ...checkRbd(on("rbd"), observed, settings), ...checkPloop(on("ploop"), observed)];
}

/** Nova LVM-03: a sparse volume is counted by what it takes at once. */
function checkLvm(disks: readonly SizedDisk[], observed: Observed, settings: HostSettings): Diagnostic[] {
  if (disks.length === 0) return [];
  const group = observed.facts.storage?.lvm;
  const name = settings.lvm?.volumeGroup ?? "";
  if (group === undefined || group === null) {
    const detail = "host.lvm.volume_group names it. `vgs` on the host shows what there is; `vgcreate` makes one.";
    return [{ severity: "error", code: "volume-group-missing", summary: `There is no volume group ${name} on the host`, detail }];
  }
  const sizes = disks.map((disk) => missingBytes(disk, observed)).filter((bytes) => bytes > 0);
  const sparse = settings.lvm?.sparse === true;
  const virtual = sum(sizes);
  const needed = sparse ? sum(sizes.map((bytes) => Math.min(bytes, sparseReserve))) : virtual;
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

function checkRbd(disks: readonly SizedDisk[], observed: Observed, settings: HostSettings): Diagnostic[] {
  if (disks.length === 0 || observed.facts.storage?.rbd?.pool === true) return [];
  const detail = "host.rbd.pool names it. `ceph osd pool ls` shows what there is; `ceph osd pool create` makes one.";
  return [{ severity: "error", code: "ceph-pool-missing", summary: `There is no Ceph pool ${settings.rbd?.pool}`, detail }];
}

function checkPloop(disks: readonly SizedDisk[], observed: Observed): Diagnostic[] {
  if (disks.length === 0 || observed.facts.storage?.ploop === true) return [];
  const detail =
    "It writes the descriptor of a disk and grows it. On Debian and Ubuntu: apt install ploop. The kernel module is not needed for guests under qemu.";
  return [{ severity: "error", code: "ploop-missing", summary: "ploop is not installed on the host", detail }];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
