import { blankOf } from "../../drivers/content.ts";
import type { PlannedDisk } from "../../drivers/driver.ts";
import { driverOf } from "../../drivers/index.ts";
import type { AddressOf } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import { problem } from "../../model/problem.ts";
import { mkfsCommand, mkfsPackage } from "../../tools/mkfs.ts";
import { isElsewhere } from "../disk/place.ts";
import { bases } from "../image/address.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";

/** Programs that are not installed and have a disk to format: said now, rather than in the middle of an apply. */
export function checkMkfs(disks: readonly PlannedDisk[], observed: Observed): Diagnostic[] {
  return observed.facts.missingPrograms.flatMap((program): Diagnostic[] => {
    const needing = disks.filter((sized) => programFor(sized, observed) === program);
    const [first] = needing;
    if (first === undefined) return [];
    const named = needing.slice(0, 3).map(({ address }) => address);
    const more = needing.length > named.length ? ` and ${needing.length - named.length} more` : "";
    const other = blankOf(first.disk)?.filesystem === "swap" ? "" : ", or choose another format";
    return [
      problem("mkfs-missing", {
        summary: `${program} is not installed on the host`,
        detail: `It creates the ${blankOf(first.disk)?.filesystem} of ${named.join(", ")}${more}. On Debian and Ubuntu: apt install ${mkfsPackage(program)}${other}.`,
        address: first.address,
      }),
    ];
  });
}

/** The program that a disk needs; undefined when the disk exists, or is made from an existing empty disk. */
function programFor({ address, disk }: PlannedDisk, observed: Observed): string | undefined {
  const content = blankOf(disk);
  const { backend } = disk;
  if (content === null) return undefined;
  const have = observed.get(address as AddressOf<OwnedDiskState>);
  const stays = have !== undefined && !isElsewhere(disk, have.applied) && have.applied.filesystem === content.filesystem;
  if (have?.disk !== undefined && stays) return undefined;
  const shared = driverOf(backend).blankBase?.(disk);
  if (shared !== undefined && observed.get(bases.at(shared)) !== undefined) return undefined;
  return mkfsCommand(content, "").program;
}
