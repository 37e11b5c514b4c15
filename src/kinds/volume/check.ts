import { baseOf, blankOf } from "../../drivers/content.ts";
import { checkRecordedFormat } from "../../drivers/shared/disk-info.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { Resource } from "../../model/resource.ts";
import { smallestFilesystem } from "../../tools/mkfs.ts";
import { withFollowedChain } from "../chain/with-chain.ts";
import type { Config } from "../config.ts";
import { cachedImage } from "../image/address.ts";
import { volumes } from "../terms/volume-address.ts";
import { cannotBecome } from "./diff.ts";
import { checkLostVolume, lostVolume } from "./lost.ts";
import type { VolumeSpec } from "./spec.ts";
import { volumeUser } from "./user.ts";

/** What cannot or will not be done to volumes. */
export function checkVolumes(resources: readonly Resource<VolumeSpec>[], observed: Observed, config: Config): Diagnostic[] {
  const wanted = new Set<string>(resources.map(({ address }) => address));
  const protection = observed.of(volumes).flatMap(([address, { preventDestroy, name }]): Diagnostic[] => {
    if (!preventDestroy || wanted.has(address)) return [];
    return [
      problem("prevent-destroy", {
        summary: `Volume ${name} is protected and no longer in the configuration`,
        detail:
          "It was applied with prevent_destroy: true, and the protection stays with the volume. To delete it, restore it with prevent_destroy: false, apply, and then remove it.",
        address,
      }),
    ];
  });
  const lost = observed.of(volumes).flatMap(([address, have]): Diagnostic[] => {
    if (wanted.has(address) || have.disk !== undefined || have.unlabelled !== true) return [];
    return [
      checkLostVolume(address, have.name, {
        evidence: `${have.path} existed and is missing now`,
        protected: have.preventDestroy,
        user: undefined,
      }),
    ];
  });
  return [
    ...lost,
    ...resources.flatMap((resource) => [...checkVolume(resource, observed), ...checkSavedUser(resource, observed, config)]),
    ...protection,
  ];
}

function checkVolume({ address, spec }: Resource<VolumeSpec>, observed: Observed): Diagnostic[] {
  const found = observed.get(volumes.at(spec.name));
  const have = found === undefined ? undefined : withFollowedChain(found, observed);
  const error = (code: string, summary: string, detail: string): Diagnostic[] => [
    problem(code, { summary, detail, address, key: ["size"] }),
  ];
  const { size, path } = spec.disk;
  const [base, content] = [baseOf(spec.disk), blankOf(spec.disk)];
  const least = content === null ? 0 : smallestFilesystem[content.filesystem];
  if ((size ?? 0) < least) {
    const detail = `${content?.filesystem} needs at least ${formatQuantity(least)}. Make the volume larger or choose another format.`;
    return error(
      "disk-too-small-for-filesystem",
      `A volume of ${formatQuantity(size ?? 0)} is too small for ${content?.filesystem}`,
      detail,
    );
  }
  const lost = lostVolume(spec, have, observed);
  if (lost !== undefined) return [checkLostVolume(address, spec.name, lost), ...checkImage(address, spec, observed)];
  if (have?.disk === undefined) return checkImage(address, spec, observed);
  const record = checkRecordedFormat(address, `Volume ${spec.name}`, path, have.disk);
  if (record.length > 0) return record;
  if (cannotBecome(spec, have)) {
    const words = (backend: string, place?: string, filesystem?: string, image?: string) =>
      `${backend}${place === undefined ? "" : ` in ${place}`}${filesystem === undefined ? "" : ` with ${filesystem}`}${image === undefined ? "" : ` from image ${image}`}`;
    const is = words(have.applied.backend, have.applied.place, have.applied.filesystem, have.applied.image);
    const wanted = words(spec.disk.backend, spec.disk.place ?? undefined, content?.filesystem, base?.image);
    const detail = `It is ${is} and the configuration says ${wanted}. Its data would be lost. Restore images_type, volume_group or pool, format and image, or declare another volume and copy the data.`;
    return error("volume-cannot-change", `Volume ${spec.name} cannot be converted`, detail);
  }
  if ((size ?? 0) < have.disk.size) {
    const detail = `It is ${formatQuantity(have.disk.size)} and the configuration says ${formatQuantity(size ?? 0)}; the data at its end would be lost. Write size: ${formatQuantity(have.disk.size)}.`;
    return error("disk-shrink-refused", `Volume ${spec.name} cannot be made smaller`, detail);
  }
  return [];
}

/** A volume grows through its guest where that has it in its memory; one whose memory is saved has to go on first. */
function checkSavedUser({ address, spec }: Resource<VolumeSpec>, observed: Observed, config: Config): Diagnostic[] {
  const have = observed.get(volumes.at(spec.name));
  const user = have === undefined ? undefined : volumeUser(have, observed);
  if (user?.saved !== true || (spec.disk.size ?? 0) <= (have?.disk?.size ?? 0)) return [];
  const wanted = config.instances?.[user.instance];
  if (wanted !== undefined && (wanted.power_state ?? "running") === "running") return [];
  const detail = `The memory of ${user.instance} is saved (virsh managedsave) and belongs to the current content of the volume. Start ${user.instance} and apply again, or discard the memory: virsh managedsave-remove ${user.instance}.`;
  return [
    problem("volume-in-saved-memory", {
      summary: `Volume ${spec.name} cannot grow while the memory of its guest is saved`,
      detail,
      address,
    }),
  ];
}

/** Nova SIZE-01, where the size of the image is known already. */
function checkImage(address: Diagnostic["address"] & string, { name, disk }: VolumeSpec, observed: Observed): Diagnostic[] {
  const base = baseOf(disk);
  const cached = base === null ? undefined : cachedImage(observed, base.entry);
  const needed = cached?.sidecar.virtualSize ?? 0;
  if ((disk.size ?? 0) >= needed) return [];
  const detail = `It is ${formatQuantity(disk.size ?? 0)} and image ${base?.image} is ${formatQuantity(needed)}. Write size: ${formatQuantity(needed)} or more.`;
  return [problem("volume-smaller-than-image", { summary: `Volume ${name} is too small for its image`, detail, address, key: ["size"] })];
}
