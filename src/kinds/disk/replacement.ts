import { type Change, causeOf, combineCauses, type FieldChange } from "../../model/change.ts";
import type { Effect } from "../../model/effect.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { switchOff, switchOnAgain } from "../power/plan.ts";
import { type DiskAddress, diskGone } from "../terms/disk-address.ts";
import { guests, stopped } from "../terms/guest-address.ts";
import { appliedOf } from "./applied.ts";
import type { InstanceDisk, InstanceDiskState } from "./disk.ts";
import { lossText } from "./lost.ts";
import { isEncrypted } from "./must-be-remade.ts";
import { baseFacts } from "./owned.ts";
import { isElsewhere } from "./place.ts";
import { createDisk, removalEffect, removeDisk } from "./plan.ts";
import { appliedFields, replacementReason } from "./words.ts";

/** A new disk in place of one that cannot become what is wanted, or of one that is lost. */
export function replacement(address: DiskAddress, want: InstanceDisk, have: InstanceDiskState): Change {
  const wanted = appliedOf(want);
  const effect = removalEffect(have);
  const [before, after] = [new Map(appliedFields(have.applied)), new Map(appliedFields(wanted))];
  const fields = [...new Set([...after.keys(), ...before.keys()])].flatMap((path): FieldChange[] => {
    const [old, fresh] = [before.get(path) ?? null, after.get(path) ?? null];
    // Encryption goes by what is found rather than by what was applied: below.
    if (path === "encrypted" || old === fresh || have.unlabelled === true) return [];
    return [{ path, old, new: fresh, effect, cause: "config" }];
  });
  const lost = have.disk === undefined;
  const found = lost ? have.applied.encrypted === true : have.disk.encryption === "luks";
  // The old disk and its guest stay as they are until it is known that a new one can be made.
  const base = baseFacts(want);
  const cause = causeOf(isEncrypted(want), have.applied.encrypted ?? false, found);
  const encryption: FieldChange[] =
    isEncrypted(want) === found || have.unlabelled === true
      ? []
      : [{ path: "encrypted", old: found, new: isEncrypted(want), effect, cause }];
  const loss: FieldChange[] = lost ? [{ path: "exists", old: false, new: true, effect, cause: "drift" }] : [];
  const off = [stopped(guests.at(have.instance))];
  // Of one that is lost something may be left, half removed, and only where it was.
  const remove =
    lost && (have.unlabelled === true || !isElsewhere(want.disk, have.applied)) ? [] : [removeDisk(address, have, [...base, ...off])];
  const create = createDisk(address, want, remove.length === 0 ? off : [diskGone(address)]);
  return {
    address,
    verb: "replace",
    cause: combineCauses([
      ...(fields.length > 0 ? ["config" as const] : []),
      ...[...encryption, ...loss].flatMap((field) => field.cause ?? []),
    ]),
    reason: replacementReason(wanted, have),
    fields: [...fields, ...encryption, ...loss],
    actions: [
      ...switchOff(want.domain, have, base),
      ...remove,
      lost ? { ...create, effect, destroys: lossText(address, have) } : create,
      ...switchOnAgain(want.domain, have),
    ],
    before: { ...have.applied },
    after: { ...wanted },
  };
}

/** Nova RSZ-04, where a resize leaves the swap disk behind and makes one: only who has it open has to let go of it. */
export function remadeSwap(address: DiskAddress, want: InstanceDisk, have: InstanceDiskState): Change {
  const [size, found] = [want.disk.size, have.disk?.size ?? 0];
  const cause = causeOf(size, have.applied.size ?? undefined, found);
  const effect: Effect = have.running ? "restart" : "none";
  const { destroys: _nothing, ...remove } = removeDisk(address, have, [stopped(guests.at(have.instance))]);
  return {
    address,
    verb: "update",
    cause: combineCauses([cause]),
    reason: `size changed; swap disks are recreated`,
    fields: [{ path: "size", old: found, new: size, effect, cause }],
    actions: [
      ...switchOff(want.domain, have),
      { ...remove, summary: `remove the swap disk of ${formatQuantity(found)}`, effect },
      createDisk(address, want, [diskGone(address)]),
      ...switchOnAgain(want.domain, have),
    ],
    before: { ...have.applied, size: found },
    after: { ...appliedOf(want) },
  };
}
