import type { Action } from "../../model/action.ts";
import type { Address } from "../../model/address.ts";
import type { Change } from "../../model/change.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { whereText } from "../disk/place.ts";
import { isUp } from "../power/is-up.ts";
import { guests } from "../terms/guest-address.ts";
import { type VolumeSpec, type VolumeState, volumeFileName } from "./spec.ts";
import { volumeUser } from "./user.ts";

/** A volume that existed and is missing. */
export interface LostVolume {
  /** How that is known, and where the volume was: a sentence without its end. */
  readonly evidence: string;
  /** It is not created again. */
  readonly protected: boolean;
  /** A guest that runs, or whose memory is saved, has it. */
  readonly user: string | undefined;
}

/** Whether a wanted volume existed and is missing: by its label, by its second record, or by the definition of a guest. */
export function lostVolume(want: VolumeSpec, have: VolumeState | undefined, observed: Observed): LostVolume | undefined {
  if (have !== undefined && (have.disk !== undefined || !have.made)) return undefined;
  const holder = holderOf(want, observed);
  if (have === undefined && holder === undefined) return undefined;
  const evidence =
    have === undefined
      ? `libvirt's definition of ${holder?.instance} names ${holder?.source}, and the directory of the volume is missing`
      : `${whereText({ ...have, ...have.applied, name: volumeFileName, place: have.applied.place ?? null })} existed and is missing now`;
  return {
    evidence,
    protected: have?.preventDestroy === true || want.disk.owner.protects,
    user: holder?.active === true ? holder.instance : undefined,
  };
}

/** The error for a lost volume, with what to do before a new one is created. */
export function checkLostVolume(address: Address, name: string, lost: LostVolume): Diagnostic {
  const back = "If its file system is not mounted, mount it; if it was moved, move it back; otherwise restore it.";
  const consent = lost.protected
    ? "It was applied with prevent_destroy: true, so no empty one is created in its place."
    : lost.user === undefined
      ? `Volumes are kept for their data: an empty one is created in its place only with --allow-destroy=${address}.`
      : `${lost.user} has it open or saved memory that belongs to it. To accept the loss, switch ${lost.user} off first.`;
  const allowed = lost.protected || lost.user !== undefined ? {} : { allowedBy: [address] };
  return problem("volume-lost", {
    summary: `Volume ${name} is missing`,
    detail: `${lost.evidence}. ${back} ${consent}`,
    address,
    ...allowed,
  });
}

/** A new volume in place of a lost one. `create`: what creates it. */
export function lostReplacement(
  address: Address,
  want: VolumeSpec,
  create: Action,
  before: Change["before"],
  after: Change["after"],
): Change {
  return {
    address,
    verb: "replace",
    cause: "drift",
    reason: "volume is missing; its data is lost",
    fields: [{ path: "exists", old: false, new: true, effect: "none", cause: "drift" }],
    actions: [{ ...create, destroys: `data of ${formatQuantity(want.disk.size ?? 0)} volume ${want.name}, which is missing` }],
    before,
    after,
  };
}

/** The guest of this project whose definition has the volume, also in another instances path. */
function holderOf({ disk }: VolumeSpec, observed: Observed) {
  const user = volumeUser(disk, observed);
  for (const [, { label, disks, power }] of observed.of(guests)) {
    const source = Object.values(disks).find((one) => one.includes(`/${disk.uuid}/`));
    if (source !== undefined) return { instance: label?.instance ?? "", source, active: isUp(power) || power === "saved" };
  }
  return user === undefined ? undefined : { instance: user.instance, source: disk.path, active: user.running || user.saved };
}
