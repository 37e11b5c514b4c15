import type { Action } from "../../model/action.ts";
import { type Change, combineCauses, type FieldChange, notConfigured, protectedBy } from "../../model/change.ts";
import type { Observed } from "../../model/observed.ts";
import type { HostSettings } from "../../model/settings.ts";
import { withFollowedChain } from "../chain/with-chain.ts";
import { accessFields, rightOwner } from "../terms/access-fields.ts";
import { backingExists, type DiskAddress } from "../terms/disk-address.ts";
import { isForRescue } from "../terms/disk-name.ts";
import { ownerName } from "../terms/disk-owner.ts";
import { appliedOf, isSameContent, shownValues } from "../terms/disk-record.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { defined, gone, guests, stopped } from "../terms/guest-address.ts";
import type { RestrictArgs } from "./actions.ts";
import { rebuildOf } from "./backing.ts";
import { isInstanceDisk, type OwnedDisk, refOf } from "./disk.ts";
import { growth } from "./growth.ts";
import { isUnfinished } from "./injection/record.ts";
import { isReplaced } from "./is-replaced.ts";
import { lives } from "./life.ts";
import { isLost } from "./lost.ts";
import { isSwapResize, mustBeRemade } from "./must-be-remade.ts";
import { isElsewhere } from "./place.ts";
import { createDisk, diskAction, finishDisk, removeDisk } from "./plan.ts";
import { remadeSwap, replacement, volumeReplacement } from "./replacement.ts";
import { rollBack, snapshotToRollBackTo } from "./roll-back.ts";
import { diskUser } from "./user.ts";

/**
 * The difference between a disk as wanted and as found. A disk is never shrunk, and a volume, which is kept for its data, is recreated only on
 * request: `checkDisk` says so instead.
 */
export function diffDisk(
  address: DiskAddress,
  want: OwnedDisk | undefined,
  found: OwnedDiskState | undefined,
  observed: Observed,
  settings: HostSettings,
): Change | undefined {
  const have = found === undefined ? undefined : withFollowedChain(found, observed);
  if (want === undefined) return have === undefined ? undefined : removal(address, have, observed);
  if (have === undefined || (have.disk === undefined && !isLost(want, have))) return creation(address, want, have, observed);
  if (!isInstanceDisk(want)) {
    if (isReplaced(want, have)) return volumeReplacement(address, want, have, observed);
    const stays = have.disk !== undefined && !mustBeRemade(want, have);
    return stays ? settle(address, want, have, growth(address, want, have, observed, settings), observed) : undefined;
  }
  if (have.disk !== undefined && isSwapResize(want, have)) return remadeSwap(address, want, have, observed);
  if (have.disk === undefined || mustBeRemade(want, have)) return replacement(address, want, have, observed);
  const change = growth(address, want, have, observed, settings);
  const rebuild = rebuildOf(address, want, have, observed);
  if (rebuild !== undefined) return withRebuild(address, have, rebuild, change);
  const snapshot = snapshotToRollBackTo(want, have);
  if (snapshot === undefined) return settle(address, want, have, change, observed);
  // One that was interrupted is brought to an end whatever is wanted since.
  const back = { ...have, running: false, saved: false, disk: { ...have.disk, size: snapshot.size } };
  return rollBack(address, want, have, snapshot, growth(address, want, back, observed, settings)?.actions[0]);
}

/** An old disk needs its backing file before anything else can be done to it. */
function withRebuild(address: DiskAddress, have: OwnedDiskState, rebuild: Action, grown: Change | undefined): Change {
  const path = have.lostBacking?.path ?? null;
  const field: FieldChange = { path: "backing", old: null, new: path, effect: "none", cause: "drift" };
  const later = (grown?.actions ?? []).map((action) => ({ ...action, needs: [...action.needs, backingExists(address)] }));
  const before = lives[have.kind].json(have.applied, have.owner.protects);
  return {
    address,
    verb: "update",
    cause: combineCauses(["drift", ...(grown === undefined ? [] : [grown.cause])]),
    reason: `its backing file is missing${grown === undefined ? "" : `, and ${grown.reason}`}`,
    fields: [field, ...(grown?.fields ?? [])],
    actions: [rebuild, ...later],
    before: { ...before, backing: null },
    after: grown?.after ?? { ...before, backing: path },
  };
}

function creation(address: DiskAddress, want: OwnedDisk, have: OwnedDiskState | undefined, observed: Observed): Change {
  const { json, gone, shown } = lives[want.kind];
  const applied = appliedOf(want.disk);
  // Of an instance's disk the label was there first: its file was deleted, or was never made.
  const missing = have !== undefined && isInstanceDisk(want);
  // Leftovers of an interrupted creation or removal in another place would never be removed.
  const left = have !== undefined && isElsewhere(want.disk, have.applied) ? [removeDisk(address, have, observed, [])] : [];
  return {
    address,
    verb: "create",
    cause: missing ? "drift" : "config",
    reason: `${missing ? "its file is missing" : "does not exist yet"}${want.fallback === null ? "" : "; cloned within Ceph"}`,
    fields: shownValues(applied, shown.created).map(([path, value]) => ({ path, new: value })),
    actions: [...left, createDisk(address, want, left.length > 0 ? [gone(address)] : [])],
    before: null,
    after: json(applied, want.disk.owner.protects),
  };
}

/** What is left to do to a disk that stays: growth, the end of its creation, its names, and the protection that a volume has in its own label. */
function settle(
  address: DiskAddress,
  want: OwnedDisk,
  have: OwnedDiskState,
  grown: Change | undefined,
  observed: Observed,
): Change | undefined {
  const { finished, json } = lives[have.kind];
  // What shows that it was once whole is written last.
  const unfinished = (have.applied.unfinished && have.defined) || isUnfinished(have.applied.injected);
  const [protects, was] = [want.disk.owner.protects, have.owner.protects];
  const names = newNames(want, have);
  const access = have.disk?.access;
  const owner = access?.owner === undefined ? null : rightOwner(access.owner, diskUser(have, observed), observed);
  const accessChanges = accessFields(access, owner);
  const fields: FieldChange[] = [
    ...(unfinished ? [{ ...finished, effect: "none", cause: "drift" } as const] : []),
    ...(grown?.fields ?? []),
    ...accessChanges,
    ...(protects === was || isInstanceDisk(want)
      ? []
      : [{ path: "prevent_destroy", old: was, new: protects, effect: "none", cause: "config" } as const]),
    ...names,
  ];
  if (fields.length === 0) return undefined;
  const cause = combineCauses(fields.flatMap((field) => field.cause ?? []));
  const restricts = accessChanges.length === 0 ? [] : [restrictDisk(address, have, owner)];
  if (grown !== undefined) return { ...grown, fields, cause, actions: [...restricts, ...grown.actions] };
  const protection = protects === was || isInstanceDisk(want) ? [] : [protects ? "protect" : "lift the protection"];
  const words = [...(names.length === 0 ? [] : ["rename"]), ...protection];
  const label = diskAction(have, address, "label", words.join(" and "), { disk: want.disk });
  const changed = names.some(({ path }) => path === "name") ? "its name changed" : "its image has another name";
  const renamed = have.earlier === undefined ? changed : `it was ${have.earlier}`;
  const labelled =
    names.length > 0
      ? renamed
      : protection.length > 0
        ? "prevent_destroy changed"
        : access?.mode === undefined
          ? wrongOwnerText
          : wrongAccessText;
  return {
    address,
    verb: "update",
    cause,
    reason: unfinished ? "its creation was interrupted" : labelled,
    fields,
    actions: [...(unfinished ? [finishDisk(address, want, have)] : []), ...restricts, ...(unfinished || words.length === 0 ? [] : [label])],
    before: json(have.applied, was),
    after: json(appliedOf(want.disk), protects),
  };
}

/** The names that change while the disk stays: of a volume, of an ephemeral, of an image with the same content. */
function newNames(want: OwnedDisk, have: OwnedDiskState): FieldChange[] {
  const [wanted, { applied, earlier }] = [appliedOf(want.disk), have];
  const field = (path: string, old: string | null, fresh: string | null): FieldChange[] =>
    old === fresh ? [] : [{ path, old, new: fresh, effect: "none", cause: "config" }];
  return [
    ...(earlier === undefined ? [] : field("name", earlier, ownerName(want.disk.owner))),
    ...field("name", applied.ephemeral, wanted.ephemeral),
    ...(isSameContent(wanted, applied) ? field("image", applied.image, wanted.image) : []),
  ];
}

/** Reason of a change that only gives a file the permissions that it should have. */
const wrongAccessText = "its permissions were changed, or are those of an earlier version";
const wrongOwnerText = "its owner was changed";

function restrictDisk(address: DiskAddress, have: OwnedDiskState, owner: string | null): Action {
  const args: RestrictArgs = { ...refOf(have), backend: have.disk?.backend ?? have.applied.backend, owner };
  return { ...diskAction(have, address, "restrict", "restrict access", args), makes: [] };
}

function removal(address: DiskAddress, have: OwnedDiskState, observed: Observed): Change {
  const { shown, json } = lives[have.kind];
  const user = diskUser(have, observed);
  // The disks of a protected instance are kept by its guest.
  const kept = have.kind === "volume" && have.owner.protects;
  // Either the guest is removed as well, or `diffDomain` switches it off and redefines it: then it holds only what its definition names.
  const needs = user === null ? [] : [gone, stopped, defined].map((fact) => fact(guests.at(user.instance)));
  return {
    address,
    verb: "delete",
    cause: "config",
    reason: isForRescue(have.name) ? "it was for the rescue only" : kept ? `${notConfigured}, but ${protectedBy}` : notConfigured,
    fields: shownValues(have.applied, shown.removed).map(([path, value]) => ({ path, old: value })),
    actions: kept ? [] : [removeDisk(address, have, observed, needs)],
    before: json(have.applied, have.owner.protects),
    after: null,
  };
}
