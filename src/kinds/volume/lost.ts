import type { Action } from "../../model/action.ts";
import type { Address } from "../../model/address.ts";
import type { Change } from "../../model/change.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { whereText } from "../disk/place.ts";
import { volumeUser } from "../disk/user.ts";
import { isUp } from "../power/is-up.ts";
import { ownerName } from "../terms/disk-owner.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { guests } from "../terms/guest-address.ts";
import type { VolumeSpec } from "./spec.ts";

/** A volume that existed and is missing. */
export interface LostVolume {
  /** How that is known, and where the volume was: a sentence without its end. */
  readonly evidence: string;
  /** It is not created again. */
  readonly protected: boolean;
  /** A guest that runs, or whose memory is saved, and has it; null without one. */
  readonly user: string | null;
}

/** Whether a wanted volume existed and is missing: by its label, by its second record, or by the definition of a guest. */
export function lostVolume(want: VolumeSpec, have: OwnedDiskState | undefined, observed: Observed): LostVolume | null {
  if (have !== undefined && (have.disk !== undefined || have.applied.unfinished)) return null;
  const holder = holderOf(want, observed);
  if (have === undefined && holder === undefined) return null;
  const evidence =
    have === undefined
      ? `libvirt's definition of ${holder?.instance} names ${holder?.source}, and its directory, or the label in it, is missing`
      : `${whereText({ ...have, ...have.applied })} existed and is missing now`;
  return {
    evidence,
    protected: have?.owner.protects === true || want.disk.owner.protects,
    user: holder?.active === true ? holder.instance : null,
  };
}

/** The error for a lost volume, with what to do before a new one is created. */
export function checkLostVolume(address: Address, name: string, lost: LostVolume): Diagnostic {
  const back = "If its file system is not mounted, mount it; if it was moved, move it back; otherwise restore it.";
  const consent = lost.protected
    ? "It was applied with prevent_destroy: true, so no empty one is created in its place."
    : lost.user === null
      ? `Volumes are kept for their data: an empty one is created in its place only with --allow-destroy=${address}.`
      : `${lost.user} has it open or saved memory that belongs to it. To accept the loss, switch ${lost.user} off first.`;
  const allowed = lost.protected || lost.user !== null ? {} : { allowedBy: [address] };
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
    actions: [
      { ...create, destroys: `data of ${formatQuantity(want.disk.size ?? 0)} volume ${ownerName(want.disk.owner)}, which is missing` },
    ],
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
  return user === null ? undefined : { instance: user.instance, source: disk.path, active: user.running || user.saved };
}
