import type { Action } from "../../model/action.ts";
import { type Change, combineCauses, type FieldChange, notConfigured } from "../../model/change.ts";
import type { Observed } from "../../model/kind.ts";
import type { HostSettings } from "../../model/settings.ts";
import { backingExists, type DiskAddress, diskGone } from "../terms/disk-address.ts";
import { isForRescue } from "../terms/disk-name.ts";
import { defined, gone, guests, stopped } from "../terms/guest-address.ts";
import { appliedOf } from "./applied.ts";
import { rebuildOf } from "./backing.ts";
import type { InstanceDisk, InstanceDiskState } from "./disk.ts";
import { growth } from "./growth.ts";
import { isLost } from "./lost.ts";
import { isSwapResize, mustBeRemade } from "./must-be-remade.ts";
import { isElsewhere } from "./place.ts";
import { createDisk, removeDisk } from "./plan.ts";
import { remadeSwap, replacement } from "./replacement.ts";
import { rollBack, snapshotToRollBackTo } from "./roll-back.ts";
import { appliedFields } from "./words.ts";

/** What differs between a disk as wanted and as found. A disk is never shrunk: `checkDisks` says so instead. */
export function diffDisk(
  address: DiskAddress,
  want: InstanceDisk | undefined,
  have: InstanceDiskState | undefined,
  observed: Observed,
  settings: HostSettings,
): Change | undefined {
  if (want === undefined) return have === undefined ? undefined : removal(address, have);
  if (have === undefined || (have.disk === undefined && !isLost(want, have))) return creation(address, want, have);
  if (have.disk !== undefined && isSwapResize(want, have)) return remadeSwap(address, want, have);
  if (have.disk === undefined || mustBeRemade(want, have)) return replacement(address, want, have);
  const change = growth(address, want, have, settings);
  const rebuild = rebuildOf(address, want, have, observed);
  if (rebuild !== undefined) return withRebuild(address, have, rebuild, change);
  const snapshot = snapshotToRollBackTo(want, have);
  if (snapshot === undefined) return change ?? finish(address, want, have);
  // One that was interrupted is brought to an end whatever is wanted since.
  const back = { ...have, running: false, saved: false, disk: have.disk === undefined ? undefined : { ...have.disk, size: snapshot.size } };
  return rollBack(address, want, have, snapshot, growth(address, want, back, settings)?.actions[0]);
}

/** An old disk needs its backing file before anything else can be done to it. */
function withRebuild(address: DiskAddress, have: InstanceDiskState, rebuild: Action, grown: Change | undefined): Change {
  const field: FieldChange = { path: "backing", old: null, new: have.lostBacking?.path ?? null, effect: "none", cause: "drift" };
  const later = (grown?.actions ?? []).map((action) => ({ ...action, needs: [...action.needs, backingExists(address)] }));
  return {
    address,
    verb: "update",
    cause: combineCauses(["drift", ...(grown === undefined ? [] : [grown.cause])]),
    reason: `its backing file is missing${grown === undefined ? "" : `, and ${grown.reason}`}`,
    fields: [field, ...(grown?.fields ?? [])],
    actions: [rebuild, ...later],
    before: { ...have.applied, backing: null },
    after: grown?.after ?? { ...have.applied, backing: have.lostBacking?.path ?? null },
  };
}

function creation(address: DiskAddress, want: InstanceDisk, have: InstanceDiskState | undefined): Change {
  const gone = have !== undefined;
  // Leftovers of an interrupted creation or removal in another place would never be removed.
  const left = gone && isElsewhere(want.disk, have.applied) ? [removeDisk(address, have, [])] : [];
  return {
    address,
    verb: "create",
    cause: gone ? "drift" : "config",
    reason: `${gone ? "its file is missing" : "does not exist yet"}${want.fallback === null ? "" : "; cloned within Ceph"}`,
    fields: appliedFields(appliedOf(want)).map(([path, value]) => ({ path, new: value })),
    actions: [...left, createDisk(address, want, left.length > 0 ? [diskGone(address)] : [])],
    before: null,
    after: { ...appliedOf(want) },
  };
}

/** What shows that it was once whole is written last. */
function finish(address: DiskAddress, want: InstanceDisk, have: InstanceDiskState): Change | undefined {
  if (have.applied.unfinished !== true || !have.defined) return undefined;
  return {
    address,
    verb: "update",
    cause: "drift",
    reason: "its creation was interrupted",
    fields: [{ path: "unfinished", old: true, new: false, effect: "none", cause: "drift" }],
    actions: [{ ...createDisk(address, want), summary: "finish" }],
    before: { ...have.applied },
    after: { ...appliedOf(want) },
  };
}

function removal(address: DiskAddress, have: InstanceDiskState): Change {
  const guest = guests.at(have.instance);
  return {
    address,
    verb: "delete",
    cause: "config",
    reason: isForRescue(have.name) ? "it was for the rescue only" : notConfigured,
    fields: appliedFields(have.applied).map(([path, value]) => ({ path, old: value })),
    // Either the guest is removed as well, or `diffDomain` switches it off and redefines it: then it holds only what its definition names.
    actions: [removeDisk(address, have, [gone(guest), stopped(guest), defined(guest)])],
    before: { ...have.applied },
    after: null,
  };
}
