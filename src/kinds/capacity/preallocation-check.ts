import type { PlannedDisk } from "../../drivers/driver.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { HostFacts } from "../../model/host-facts.ts";
import { problem } from "../../model/problem.ts";
import type { HostSettings } from "../../model/settings.ts";
import { reservesSpace } from "./room.ts";

/** Space that is to be reserved where the filesystem cannot do that (Nova CACHE-06 finds out by trying, and goes on without). */
export function checkPreallocation(disks: readonly PlannedDisk[], facts: HostFacts, settings: HostSettings): Diagnostic[] {
  const { preallocation } = facts.disk;
  if (preallocation === null || preallocation.reserves) return [];
  if (!disks.some((disk) => reservesSpace(disk) && disk.missing > 0)) return [];
  const detail = `${settings.instancesPath} is on ${preallocation.filesystem}, which does not reserve space for files (fallocate). Write preallocate_images: none into the host section, or put instances_path on a filesystem that does: ext4, xfs or btrfs.`;
  return [
    problem("preallocation-unsupported", {
      summary: "Disk space cannot be preallocated",
      detail,
      pointer: ["host", "preallocate_images"],
    }),
  ];
}
