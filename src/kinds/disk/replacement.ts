import type { Action } from "../../model/action.ts";
import { type Change, causeOf, combineCauses, type FieldChange } from "../../model/change.ts";
import type { Effect } from "../../model/effect.ts";
import type { Observed } from "../../model/observed.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { switchOff, switchOnAgain } from "../power/plan.ts";
import { type DiskAddress, diskGone } from "../terms/disk-address.ts";
import { isForRescue } from "../terms/disk-name.ts";
import { ownerName } from "../terms/disk-owner.ts";
import { type AppliedDisk, appliedOf, shownValues } from "../terms/disk-record.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { gone, guests, released, stopped } from "../terms/guest-address.ts";
import { volumeGone, volumes } from "../terms/volume-address.ts";
import { baseFacts } from "./base-facts.ts";
import type { InstanceDisk, OwnedDisk } from "./disk.ts";
import { lives } from "./life.ts";
import { lossText } from "./lost.ts";
import { followsContent, isEncrypted } from "./must-be-remade.ts";
import { isElsewhere } from "./place.ts";
import { createDisk, removalEffect, removeDisk } from "./plan.ts";
import { diskUser } from "./user.ts";
import { replacementReason } from "./words.ts";

/** A new disk in place of one that cannot become what is wanted, or of one that is lost. */
export function replacement(address: DiskAddress, want: InstanceDisk, have: OwnedDiskState, observed: Observed): Change {
  const wanted = appliedOf(want.disk);
  const { json } = lives[have.kind];
  const effect = removalEffect(have);
  // Encryption goes by what is found rather than by what was applied: below.
  const fields = have.unlabelled ? [] : differingValues(wanted, have, effect).filter(({ path }) => path !== "encrypted");
  const lost = have.disk === undefined;
  const found = lost ? have.applied.encrypted : have.disk.encryption === "luks";
  // The old disk and its guest stay as they are until it is known that a new one can be made.
  const base = baseFacts(want);
  const cause = causeOf(isEncrypted(want), have.applied.encrypted, found);
  const encryption: FieldChange[] =
    isEncrypted(want) === found || have.unlabelled ? [] : [{ path: "encrypted", old: found, new: isEncrypted(want), effect, cause }];
  const content: FieldChange[] =
    followsContent(want, have) && wanted.image === have.applied.image
      ? [{ path: "base", old: have.applied.entry, new: wanted.entry, effect, cause: "config" }]
      : [];
  const loss: FieldChange[] = lost ? [{ path: "exists", old: false, new: true, effect, cause: "drift" }] : [];
  const off = [stopped(guests.at(ownerName(have.owner)))];
  // Of one that is lost something may be left, half removed, and only where it was.
  const remove =
    lost && (have.unlabelled || !isElsewhere(want.disk, have.applied))
      ? []
      : [withSnapshots(keepingRecord(removeDisk(address, have, observed, [...base, ...off])), have, observed)];
  const create = createDisk(address, want, remove.length === 0 ? off : [diskGone(address)]);
  return {
    address,
    verb: "replace",
    ...(have.replace === true ? { requested: true as const } : {}),
    cause: combineCauses([
      ...(fields.length + content.length > 0 ? ["config" as const] : []),
      ...[...encryption, ...loss].flatMap((field) => field.cause ?? []),
    ]),
    reason: replacementReason(wanted, have),
    fields: [...fields, ...content, ...encryption, ...loss],
    actions: [
      ...switchOff(want.domain, have, base),
      ...remove,
      lost ? { ...create, effect, destroys: lossText(address, have) } : create,
      ...switchOnAgain(want.domain, have),
    ],
    before: json(have.applied, have.owner.protects),
    after: json(wanted, want.disk.owner.protects),
  };
}

/**
 * A new volume in place of one, on request. The guest that has it is off meanwhile, as its own change says, or releases it. Its record stays, so that
 * an interrupted replacement is not taken for a loss.
 */
export function volumeReplacement(address: DiskAddress, want: OwnedDisk, have: OwnedDiskState, observed: Observed): Change {
  const wanted = appliedOf(want.disk);
  const { json } = lives[have.kind];
  const effect = removalEffect(have);
  const fields = differingValues(wanted, have, effect);
  const content: FieldChange[] =
    wanted.image !== null && wanted.image === have.applied.image && wanted.entry !== have.applied.entry
      ? [{ path: "base", old: have.applied.entry, new: wanted.entry, effect, cause: "config" }]
      : [];
  const user = diskUser(have, observed);
  const letGo = user === null ? [] : [stopped, released, gone].map((fact) => fact(guests.at(user.instance)));
  const remove = removeDisk(address, have, observed, [...baseFacts(want), ...letGo]);
  return {
    address,
    verb: "replace",
    requested: true,
    cause: "config",
    reason: replacementReason(wanted, have),
    fields: [...fields, ...content],
    actions: [
      withSnapshots(keepingRecord(remove), have, observed),
      createDisk(address, want, [volumeGone(volumes.at(ownerName(have.owner)))]),
    ],
    before: json(have.applied, have.owner.protects),
    after: json(wanted, want.disk.owner.protects),
  };
}

/**
 * The record stays until the new disk has one: an interrupted replacement is not taken for a loss, and the directory of an instance with a single disk
 * is not removed with what is beside the disk, such as the variables of its firmware.
 */
function keepingRecord(remove: Action): Action {
  return { ...remove, args: { ...(remove.args as object), keepsRecord: true } };
}

/** The values of a disk that were applied and are wanted otherwise. */
function differingValues(wanted: AppliedDisk, have: OwnedDiskState, effect: Effect): FieldChange[] {
  const { created } = lives[have.kind].shown;
  const [before, after] = [new Map(shownValues(have.applied, created)), new Map(shownValues(wanted, created))];
  return [...new Set([...after.keys(), ...before.keys()])].flatMap((path): FieldChange[] => {
    const [old, fresh] = [before.get(path) ?? null, after.get(path) ?? null];
    return old === fresh ? [] : [{ path, old, new: fresh, effect, cause: "config" }];
  });
}

/** Without the disk that they were taken of, what libvirt records of snapshots leads nowhere. */
function withSnapshots(remove: Action, have: OwnedDiskState, observed: Observed): Action {
  const user = diskUser(have, observed);
  const snapshots = user === null ? undefined : observed.get(guests.at(user.instance))?.snapshots;
  if (snapshots === undefined || remove.destroys === undefined || isForRescue(have.name)) return remove;
  return {
    ...remove,
    destroys: `${remove.destroys}, and what it has of ${snapshots.length === 1 ? "snapshot" : "snapshots"} ${snapshots.join(", ")}`,
  };
}

/** Nova RSZ-04, where a resize leaves the swap disk behind and makes one: only who has it open has to let go of it. */
export function remadeSwap(address: DiskAddress, want: InstanceDisk, have: OwnedDiskState, observed: Observed): Change {
  const { json } = lives[have.kind];
  const [size, found] = [want.disk.size, have.disk?.size ?? 0];
  const cause = causeOf(size, have.applied.size ?? undefined, found);
  const effect: Effect = have.running ? "restart" : "none";
  const { destroys: _nothing, ...remove } = removeDisk(address, have, observed, [stopped(guests.at(ownerName(have.owner)))]);
  return {
    address,
    verb: "update",
    cause: combineCauses([cause]),
    reason: `size changed; swap disks are recreated`,
    fields: [{ path: "size", old: found, new: size, effect, cause }],
    actions: [
      ...switchOff(want.domain, have),
      { ...keepingRecord(remove), summary: `remove the swap disk of ${formatQuantity(found)}`, effect },
      createDisk(address, want, [diskGone(address)]),
      ...switchOnAgain(want.domain, have),
    ],
    before: { ...json(have.applied, have.owner.protects), size: found },
    after: json(appliedOf(want.disk), want.disk.owner.protects),
  };
}
