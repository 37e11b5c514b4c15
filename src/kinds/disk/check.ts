import { baseOf } from "../../drivers/content.ts";
import { checkRecordedFormat } from "../../drivers/shared/disk-info.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import { instanceFiles } from "../../model/layout.ts";
import { type ProblemWords, problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { DiskAddress } from "../terms/disk-address.ts";
import { diskAddress, isForRescue } from "../terms/disk-name.ts";
import { ownerName } from "../terms/disk-owner.ts";
import { guests } from "../terms/guest-address.ts";
import { checkBacking } from "./backing.ts";
import type { Checked } from "./checked.ts";
import type { InstanceDisk, InstanceDiskState } from "./disk.ts";
import { checkLost, isLost } from "./lost.ts";
import { isSwapResize, mustBeRemade } from "./must-be-remade.ts";
import { snapshotToRollBackTo } from "./roll-back.ts";

/** What cannot or will not be done to disks, and what is worth knowing about them. */
export function checkDisks({ disks, observed }: Pick<Checked, "disks" | "observed">): Diagnostic[] {
  return disks.flatMap((want) => {
    const address = diskAddress(ownerName(want.disk.owner), want.disk.name);
    const have = observed.get(address);
    if (have?.disk === undefined) {
      const lost =
        have !== undefined && isLost(want, have) && have.unlabelled !== true
          ? [checkLost(address, have, isProtected(address, want, observed))]
          : [];
      return [...lost, ...checkDisc(address, want)];
    }
    if (isSwapResize(want, have)) return [];
    if (mustBeRemade(want, have)) return isForRescue(have.name) ? [] : checkProtected(address, want, observed);
    const record = checkRecordedFormat(address, `Disk ${have.name} of ${have.instance}`, have.path, have.disk);
    if (record.length > 0) return record;
    if (snapshotToRollBackTo(want, have) !== undefined) return checkRollBack(address, want, have, observed);
    return [...checkBacking(address, want, have, observed), ...checkShrink(address, want, have), ...checkBehind(address, want, have)];
  });
}

/** Nova would lengthen the copy of an ISO to the flavor's size; that changes nothing for a guest, which cannot write to it. */
function checkDisc(address: DiskAddress, { disk, domain }: InstanceDisk): Diagnostic[] {
  const disc = domain.disks.some(({ name, device }) => name === disk.name && device === "cdrom");
  if (!disc || disk.role !== "root" || domain.flavor.disk === 0) return [];
  return [
    problem(
      "disc-keeps-its-size",
      {
        summary: `${disk.owner.label} boots from the ISO ${baseOf(disk)?.image ?? ""}, so its flavor's disk of ${formatQuantity(domain.flavor.disk)} is not created`,
        detail:
          "The guest gets the ISO as a CD at its own size and cannot write to it. A disk to install to comes from the flavor's ephemeral.",
        address,
        key: ["flavor"],
      },
      "note",
    ),
  ];
}

function isProtected(address: DiskAddress, want: InstanceDisk, observed: Observed): boolean {
  const domain = observed.get(guests.at(ownerName(want.disk.owner)));
  const disk = observed.get(address);
  return domain?.label?.preventDestroy === true || disk?.protected === true;
}

/** A rollback loses data written since. An interrupted one has to be finished, and then a smaller size is refused as usual. */
function checkRollBack(address: DiskAddress, want: InstanceDisk, have: InstanceDiskState, observed: Observed): Diagnostic[] {
  const snapshot = have.disk?.resizeSnapshot;
  if (have.disk === undefined || snapshot === undefined) return [];
  if (snapshot.rollingBack) return checkShrink(address, want, { ...have, disk: { ...have.disk, size: snapshot.size } });
  if (!isProtected(address, want, observed)) return [];
  return [
    problem("prevent-destroy", {
      summary: `${want.disk.owner.label} is protected, and rolling back its disk would lose the data written since it grew`,
      detail: `It was applied with prevent_destroy: true. Keep the flavor's disk at ${formatQuantity(have.disk.size)}, or apply prevent_destroy: false first.`,
      address,
    }),
  ];
}

function checkProtected(address: DiskAddress, want: InstanceDisk, observed: Observed): Diagnostic[] {
  if (!isProtected(address, want, observed)) return [];
  return [
    problem("prevent-destroy", {
      summary: `${want.disk.owner.label} is protected, and this would recreate its disk`,
      detail:
        "It was applied with prevent_destroy: true, and changing the image, driver, volume group, pool, filesystem or encryption recreates the disk. To recreate it, apply prevent_destroy: false first.",
      address,
    }),
  ];
}

function checkShrink(address: DiskAddress, want: InstanceDisk, have: InstanceDiskState): Diagnostic[] {
  const size = want.disk.size;
  const found = have.disk?.size ?? 0;
  if (size === null || size >= found) return [];
  const [where, remedy, place] = declaredBy(want, found);
  const snapshot = have.disk?.resizeSnapshot;
  const back = snapshot === undefined ? "" : ` Exactly ${formatQuantity(snapshot.size)} would roll it back to its snapshot.`;
  const byHand = have.applied.size !== null && size >= have.applied.size;
  const text = byHand
    ? {
        summary: `A disk is larger than declared: ${formatQuantity(found)}, not ${formatQuantity(size)}`,
        detail: `It was grown manually. Disks are never shrunk, because the data at the end would be lost. ${remedy} to match the host.`,
      }
    : {
        summary: "A disk cannot be made smaller",
        detail: `It is ${formatQuantity(found)} and ${where} says ${formatQuantity(size)}; the data at its end would be lost. Keep the size, or create an instance with another name.${back}`,
      };
  const code = byHand ? "disk-larger-than-declared" : "disk-shrink-refused";
  return [problem(code, { ...text, address, ...place }, byHand ? "warning" : "error")];
}

/** Where a disk's size is written, and what to write there. The place is below the instance, or a flavor's. */
function declaredBy(
  { disk, domain }: InstanceDisk,
  found: number,
): [where: string, remedy: string, place: Pick<ProblemWords, "key" | "pointer">] {
  const key = { root: "disk", ephemeral: "ephemeral", swap: "swap", kernel: "", ramdisk: "", rescue: "", volume: "", drive: "" }[disk.role];
  if (disk.role === "ephemeral" && disk.name !== instanceFiles.local)
    return ["its entry in ephemerals", `Write size: ${formatQuantity(found)} into its entry in ephemerals`, { key: ["ephemerals"] }];
  const flavor = domain.flavor.name;
  // No swap but an instance's own is smaller than its flavor's.
  if (disk.role === "swap" && (disk.size ?? 0) < domain.flavor.swap)
    return [`swap of ${disk.owner.label}`, `Write swap: ${formatQuantity(found)} for ${disk.owner.label}`, { key: ["swap"] }];
  return [
    `flavor ${flavor}`,
    `Write ${key}: ${formatQuantity(found)} into flavor ${flavor}, or into one of its own,`,
    { pointer: ["flavors", flavor, key] },
  ];
}

function checkBehind(address: DiskAddress, want: InstanceDisk, have: InstanceDiskState): Diagnostic[] {
  const base = baseOf(want.disk);
  if (want.disk.role !== "root" || base === null || have.applied.entry === base.entry) return [];
  return [
    problem(
      "behind-image",
      {
        summary: `${have.instance} is based on an earlier ${base.image}`,
        detail: "The content of the image has changed. An existing disk keeps its base image; only new instances get the new one.",
        address,
      },
      "note",
    ),
  ];
}
