import { baseOf } from "../../drivers/content.ts";
import { diskPhrase, diskPhraseFirst } from "../../drivers/disk-phrase.ts";
import { checkRecordedFormat } from "../../drivers/shared/disk-info.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import { instanceFiles } from "../../model/layout.ts";
import { type ProblemWords, problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { shellWord } from "../../model/shell-word.ts";
import { activeLayer } from "../chain/active-layer.ts";
import { withFollowedChain } from "../chain/with-chain.ts";
import type { DiskAddress } from "../terms/disk-address.ts";
import { diskAddress, isForRescue } from "../terms/disk-name.ts";
import { ownerName } from "../terms/disk-owner.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { guests } from "../terms/guest-address.ts";
import { checkBacking } from "./backing.ts";
import { checkOverlayBase } from "./base-check.ts";
import type { Checked } from "./checked.ts";
import { type InstanceDisk, isInstanceDisk, type OwnedDisk } from "./disk.ts";
import { differenceWords } from "./injection/record.ts";
import { checkLost, isLost } from "./lost.ts";
import { isSwapResize, mustBeRemade } from "./must-be-remade.ts";
import { snapshotToRollBackTo } from "./roll-back.ts";
import { diskUser } from "./user.ts";

/** The problem of a disk that the plan cannot make what is wanted. */
export interface DiskProblems<Want extends OwnedDisk> {
  /** It does not exist and will be made. */
  unmade(address: DiskAddress, want: Want, observed: Observed): Diagnostic[];
  /** It does not exist, and may have existed whole. */
  lost(address: DiskAddress, want: Want, have: OwnedDiskState | undefined, observed: Observed): Diagnostic[];
  /** Only another disk could be what is wanted. */
  another(address: DiskAddress, want: Want, have: OwnedDiskState, observed: Observed): Diagnostic[];
  /** The wanted size is smaller than the disk, `found` bytes. */
  smaller(address: DiskAddress, want: Want, have: OwnedDiskState, found: number): Diagnostic[];
}

/** What cannot or will not be done to a disk, and what is worth knowing about it. */
export function checkDisk<Want extends OwnedDisk>(
  address: DiskAddress,
  want: Want,
  observed: Observed,
  problems: DiskProblems<Want>,
): Diagnostic[] {
  const found = observed.get(address);
  const have = found === undefined ? undefined : withFollowedChain(found, observed);
  if (have?.disk === undefined) return [...problems.lost(address, want, have, observed), ...problems.unmade(address, want, observed)];
  if (isSwapResize(want, have)) return [];
  if (mustBeRemade(want, have)) return problems.another(address, want, have, observed);
  const what = diskPhraseFirst(have);
  const record = checkRecordedFormat(address, what, have.path, have.disk);
  if (record.length > 0) return record;
  const base = checkOverlayBase(address, have, baseOf(want.disk)?.path);
  if (base.length > 0) return base;
  const { size, encryption } = want.disk;
  const layered = encryption === null ? [] : checkEncryptedLayer(address, want, have, observed);
  if (layered.some(({ severity }) => severity === "error")) return layered;
  const shrink = (found: number) => (size === null || size >= found ? [] : problems.smaller(address, want, have, found));
  const snapshot = snapshotToRollBackTo(want, have);
  // An interrupted rollback has to be finished, and then a smaller size is refused as usual.
  if (snapshot !== undefined) return snapshot.rollingBack ? shrink(snapshot.size) : checkRollBack(address, want, have, observed);
  return [
    ...layered,
    ...checkBacking(address, want, have, observed),
    ...shrink(have.disk.size),
    ...checkBehind(address, want, have),
    ...checkInjectedBehind(address, want, have),
  ];
}

/** A layer that a snapshot has put above an encrypted disk is not encrypted, and qemu-img opens it only together with the disk. */
function checkEncryptedLayer(address: DiskAddress, { disk }: OwnedDisk, have: OwnedDiskState, observed: Observed): Diagnostic[] {
  const layer = activeLayer(have);
  if (layer === null) return [];
  const what = diskPhrase(have);
  const merge = "Merge the layer while the guest runs: `virsh blockcommit … --active --pivot`.";
  const user = diskUser(have, observed);
  if (disk.size !== null && disk.size > (have.disk?.size ?? 0) && user?.running !== true) {
    const detail = `${layer.path} is above it, and grows only through the guest. Start the guest and apply again. ${merge}`;
    return [
      problem("encrypted-layer-offline", {
        summary: `The layer above encrypted ${what} cannot grow while no guest runs with it`,
        detail,
        address,
      }),
    ];
  }
  const detail = `${layer.path} is a layer that a snapshot has put above the disk, and libvirt does not encrypt it: what the guest writes can be read on the host. ${merge}`;
  return [problem("encrypted-layer-open", { summary: `The layer above encrypted ${what} is not encrypted`, detail, address }, "warning")];
}

/** The same for all disks of instances. */
export function checkDisks({ disks, observed }: Pick<Checked, "disks" | "observed">): Diagnostic[] {
  return disks.flatMap((want) => checkDisk(diskAddress(ownerName(want.disk.owner), want.disk.name), want, observed, problemsOfInstances));
}

const problemsOfInstances: DiskProblems<InstanceDisk> = {
  unmade: checkDisc,
  lost(address, want, have, observed) {
    // `checkMissingDirectories` reports a missing directory with all its disks.
    if (have === undefined || have.unlabelled || !isLost(want, have)) return [];
    return [checkLost(address, have, isProtected(address, want, observed))];
  },
  another: (address, want, have, observed) => (isForRescue(have.name) ? [] : checkProtected(address, want, observed)),
  smaller: checkShrink,
};

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

function isProtected(address: DiskAddress, want: OwnedDisk, observed: Observed): boolean {
  const domain = observed.get(guests.at(ownerName(want.disk.owner)));
  const disk = observed.get(address);
  return domain?.label?.preventDestroy === true || disk?.owner.protects === true;
}

/** A rollback loses data written since. */
function checkRollBack(address: DiskAddress, want: OwnedDisk, have: OwnedDiskState, observed: Observed): Diagnostic[] {
  if (!isProtected(address, want, observed)) return [];
  return [
    problem("prevent-destroy", {
      summary: `${want.disk.owner.label} is protected, and rolling back its disk would lose the data written since it grew`,
      detail: `It was applied with prevent_destroy: true. Keep the flavor's disk at ${formatQuantity(have.disk?.size ?? 0)}, or apply prevent_destroy: false first.`,
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
        "It was applied with prevent_destroy: true, and changing the image, driver, volume group, pool, filesystem or encryption recreates the disk, and so does --replace. To recreate it, apply prevent_destroy: false first.",
      address,
    }),
  ];
}

function checkShrink(address: DiskAddress, want: InstanceDisk, have: OwnedDiskState, found: number): Diagnostic[] {
  const size = want.disk.size ?? 0;
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

function checkBehind(address: DiskAddress, want: OwnedDisk, have: OwnedDiskState): Diagnostic[] {
  if (want.disk.role !== "root" || !isInstanceDisk(want) || want.behind === undefined) return [];
  const { image } = have.applied;
  const other = image !== want.behind;
  return [
    problem(
      "behind-image",
      {
        summary: `${have.owner.label} is behind its image: it is based on ${other ? image : `an earlier ${image}`}${other ? `, and ${want.behind} is configured` : ""}`,
        detail: `${other ? "It has rebuild: manual" : "The content of the image has changed"}, so the disk stays as it is; only new instances get the new image. \`virtform apply --replace ${shellWord(have.owner.label)}\` recreates the root disk from it, with consent${other ? "" : ", and rebuild: on_image_change does so with every change"}.`,
        address,
      },
      "note",
    ),
  ];
}

/** What is injected is injected before the first boot only. */
function checkInjectedBehind(address: DiskAddress, want: OwnedDisk, have: OwnedDiskState): Diagnostic[] {
  if (!isInstanceDisk(want) || want.injectedBehind === undefined) return [];
  const name = have.owner.label;
  const { injected } = have.applied;
  return [
    problem(
      "behind-injection",
      {
        summary:
          injected === null
            ? `Nothing is injected into the existing root disk of ${name}, which was made before inject was added`
            : `${name} has what was injected when its root disk was made: ${differenceWords(injected, want.injectedBehind)} changed since`,
        detail: `Injection is done before the first boot only, so the disk stays as it is${injected === null ? ", and with inject the guest no longer has a config drive" : ""}. \`virtform apply --replace ${shellWord(name)}\` makes a new root disk with it, with consent.`,
        address,
        key: ["inject"],
      },
      "note",
    ),
  ];
}
