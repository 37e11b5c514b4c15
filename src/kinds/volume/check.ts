import { baseOf, blankOf } from "../../drivers/content.ts";
import type { Address } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { Resource } from "../../model/resource.ts";
import { shellWord } from "../../model/shell-word.ts";
import { smallestFilesystem } from "../../tools/mkfs.ts";
import { followedChain } from "../chain/followed.ts";
import { renameConflicts } from "../config/rename-conflicts.ts";
import { earlierVolumes } from "../config/renames.ts";
import type { Config } from "../config.ts";
import { checkDisk, type DiskProblems } from "../disk/check.ts";
import { checkForeignUse } from "../disk/foreign-use.ts";
import { checkLooseLayers } from "../disk/loose-check.ts";
import { isFoundEncrypted } from "../disk/must-be-remade.ts";
import { diskUser } from "../disk/user.ts";
import { cachedImage } from "../image/address.ts";
import { ownerName } from "../terms/disk-owner.ts";
import { type AppliedDisk, appliedOf } from "../terms/disk-record.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { guests } from "../terms/guest-address.ts";
import { volumes } from "../terms/volume-address.ts";
import { checkLostVolume, lostVolume } from "./lost.ts";
import type { VolumeSpec } from "./spec.ts";

/** What cannot or will not be done to volumes. */
export function checkVolumes(resources: readonly Resource<VolumeSpec>[], observed: Observed, config: Config): Diagnostic[] {
  const wanted = new Set<string>(resources.map(({ address }) => address));
  // One that cannot be read is neither missing nor to be made.
  const seen = resources.filter(({ address }) => !observed.unread.includes(address));
  const protection = observed.of(volumes).flatMap(([address, { owner }]): Diagnostic[] => {
    if (!owner.protects || wanted.has(address)) return [];
    return [
      problem("prevent-destroy", {
        ...(config.volumes?.[ownerName(owner)] === undefined
          ? {
              summary: `Volume ${ownerName(owner)} is protected and no longer in the configuration`,
              detail:
                "It was applied with prevent_destroy: true, and the protection stays with the volume. To delete it, restore it with prevent_destroy: false, apply, and then remove it.",
            }
          : {
              summary: `Volume ${ownerName(owner)} is protected`,
              detail:
                "It was applied with prevent_destroy: true, and the protection stays with the volume. To destroy it, write prevent_destroy: false, apply, and then destroy it.",
            }),
        address,
      }),
    ];
  });
  const lost = observed.of(volumes).flatMap(([address, have]): Diagnostic[] => {
    if (wanted.has(address) || have.disk !== undefined || !have.unlabelled) return [];
    const evidence = `${have.path} existed and is missing now`;
    return [checkLostVolume(address, ownerName(have.owner), { evidence, protected: have.owner.protects, user: null })];
  });
  return [
    ...lost,
    ...seen.flatMap((resource) => [...checkVolume(resource, observed), ...checkSavedUser(resource, observed, config)]),
    ...protection,
    ...seen.flatMap((resource) => checkLayersElsewhere(resource, observed, config)),
    ...renameConflicts("volumes", earlierVolumes(config), volumes.at, observed),
    ...checkLooseLayers(observed.of(volumes), observed),
    ...checkForeignUse(observed.of(volumes), new Map(resources.map(({ address, spec }) => [address, spec])), observed),
  ];
}

function checkVolume({ address, spec }: Resource<VolumeSpec>, observed: Observed): Diagnostic[] {
  const tooSmall = checkFilesystem(address, spec);
  return tooSmall.length > 0 ? tooSmall : checkDisk(address, spec, observed, problems);
}

const problems: DiskProblems<VolumeSpec> = {
  unmade: checkImage,

  lost(address, want, have, observed) {
    const lost = lostVolume(want, have, observed);
    return lost === null ? [] : [checkLostVolume(address, ownerName(want.disk.owner), lost)];
  },

  another(address, want, have, observed) {
    const { disk } = want;
    if (have.replace === true) return [...checkProtected(address, have), ...checkImage(address, want, observed)];
    const detail = `It is ${kindText({ ...have.applied, encrypted: isFoundEncrypted(have) })} and the configuration says ${kindText(appliedOf(disk))}. Its data would be lost. Restore images_type, volume_group or pool, format, image and encryption; declare another volume and copy the data; or recreate the volume without its data: \`virtform apply --replace ${shellWord(address)}\`.`;
    return refusal("volume-cannot-change", address, `Volume ${ownerName(disk.owner)} cannot be converted`, detail);
  },

  smaller(address, { disk }, _have, found) {
    const detail = `It is ${formatQuantity(found)} and the configuration says ${formatQuantity(disk.size ?? 0)}; the data at its end would be lost. Write size: ${formatQuantity(found)}, or recreate the volume without its data: \`virtform apply --replace ${shellWord(address)}\`.`;
    return refusal("disk-shrink-refused", address, `Volume ${ownerName(disk.owner)} cannot be made smaller`, detail);
  },
};

function checkProtected(address: Address, { owner }: OwnedDiskState): Diagnostic[] {
  if (!owner.protects) return [];
  return [
    problem("prevent-destroy", {
      summary: `Volume ${ownerName(owner)} is protected, and --replace would recreate it without its data`,
      detail: "It was applied with prevent_destroy: true. To recreate it, apply prevent_destroy: false first.",
      address,
    }),
  ];
}

function refusal(code: string, address: Address, summary: string, detail: string): Diagnostic[] {
  return [problem(code, { summary, detail, address, key: ["size"] })];
}

/** `encrypted lvm in vg0 with ext4`. */
function kindText({ backend, place, filesystem, image, encrypted }: AppliedDisk): string {
  const [where, content] = [place === null ? "" : ` in ${place}`, filesystem === null ? "" : ` with ${filesystem}`];
  return `${encrypted ? "encrypted " : ""}${backend}${where}${content}${image === null ? "" : ` from image ${image}`}`;
}

function checkFilesystem(address: Address, { disk }: VolumeSpec): Diagnostic[] {
  const blank = blankOf(disk);
  const size = disk.size ?? 0;
  if (blank === null || size >= smallestFilesystem[blank.filesystem]) return [];
  const detail = `${blank.filesystem} needs at least ${formatQuantity(smallestFilesystem[blank.filesystem])}. Make the volume larger or choose another format.`;
  const summary = `A volume of ${formatQuantity(size)} is too small for ${blank.filesystem}`;
  return refusal("disk-too-small-for-filesystem", address, summary, detail);
}

/** A volume that no guest has is found with its layers by the files in its directory: layers elsewhere would be left behind. */
function checkLayersElsewhere({ address, spec }: Resource<VolumeSpec>, observed: Observed, config: Config): Diagnostic[] {
  const have = observed.get(volumes.at(ownerName(spec.disk.owner)));
  const chain = have === undefined ? null : followedChain(have, observed);
  const isAttached = Object.values(config.instances ?? {}).some(
    ({ count, volumes: attached = [] }) => count !== 0 && attached.some(({ volume }) => volumes.at(volume) === address),
  );
  if (have === undefined || chain === null || isAttached) return [];
  const elsewhere = chain.above.map(({ source }) => source).filter((source) => !source.startsWith(`${have.owner.directory}/`));
  if (elsewhere.length === 0) return [];
  const detail = `${chain.instance} writes to ${chain.top.source}, and without a guest nothing would lead to ${elsewhere.join(", ")}. Bring the content into the volume first: \`virsh blockcommit ${shellWord(chain.guest.name)} ${shellWord(chain.chain.target)} --active --pivot\` while the guest runs. Then run the same command again.`;
  return [
    problem("volume-layers-elsewhere", {
      summary: `Volume ${ownerName(spec.disk.owner)} has layers outside of its directory and is to be detached`,
      detail,
      address,
    }),
  ];
}

/** A volume grows through its guest where that has it in its memory; one whose memory is saved has to go on first. */
function checkSavedUser({ address, spec }: Resource<VolumeSpec>, observed: Observed, config: Config): Diagnostic[] {
  const have = observed.get(volumes.at(ownerName(spec.disk.owner)));
  const user = have === undefined ? null : diskUser(have, observed);
  if (have?.replace === true || user?.saved !== true || (spec.disk.size ?? 0) <= (have?.disk?.size ?? 0)) return [];
  const wanted = config.instances?.[user.instance];
  if (wanted !== undefined && (wanted.power_state ?? "running") === "running") return [];
  const domain = observed.get(guests.at(user.instance))?.name ?? user.instance;
  const detail = `The memory of ${user.instance} is saved (virsh managedsave) and belongs to the current content of the volume. Start ${user.instance} and apply again, or discard the memory: virsh managedsave-remove ${shellWord(domain)}.`;
  return [
    problem("volume-in-saved-memory", {
      summary: `Volume ${ownerName(spec.disk.owner)} cannot grow while the memory of its guest is saved`,
      detail,
      address,
    }),
  ];
}

/** Nova SIZE-01, where the size of the image is known already. */
function checkImage(address: Address, { disk }: VolumeSpec, observed: Observed): Diagnostic[] {
  const base = baseOf(disk);
  const cached = base === null ? undefined : cachedImage(observed, base.entry);
  const needed = cached?.sidecar.virtualSize ?? 0;
  if ((disk.size ?? 0) >= needed) return [];
  const detail = `It is ${formatQuantity(disk.size ?? 0)} and image ${base?.image} is ${formatQuantity(needed)}. Write size: ${formatQuantity(needed)} or more.`;
  return refusal("volume-smaller-than-image", address, `Volume ${ownerName(disk.owner)} is too small for its image`, detail);
}
