import { resizeSnapshotName } from "../../disks/rbd-snapshot.ts";
import type { Action, Fact } from "../../model/action.ts";
import type { Address } from "../../model/address.ts";
import { type Change, causeOf, combineCauses, type FieldChange, notConfigured } from "../../model/change.ts";
import type { Effect } from "../../model/effect.ts";
import type { Observed } from "../../model/kind.ts";
import { instanceFiles } from "../../model/layout.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { RbdSettings } from "../../model/settings.ts";
import { type AppliedDisk, type InstanceDisk, type InstanceDiskState, refOf } from "./disk.ts";
import { rebuildOf } from "./disk-backing.ts";
import { isLost, lossText } from "./disk-lost.ts";
import { isForRescue } from "./disk-role.ts";
import { rollBack, snapshotToRollBackTo } from "./disk-roll-back.ts";
import { appliedFields, creationSummary, replacementReason } from "./disk-words.ts";
import { discardMemory, grownFact, switchOff, switchOnAgain } from "./domain-plan.ts";

/** What differs between a disk as wanted and as found. A disk is never shrunk: `checkDisks` says so instead. */
export function diffDisk(
  address: Address,
  want: InstanceDisk | undefined,
  have: InstanceDiskState | undefined,
  observed: Observed,
  rbd?: Pick<RbdSettings, "resizeSnapshot">,
): Change | undefined {
  if (want === undefined) return have === undefined ? undefined : removal(address, have);
  if (have === undefined || (have.disk === undefined && !isLost(want, have))) return creation(address, want, have);
  if (have.disk !== undefined && isOtherSwap(want, have)) return remadeSwap(address, want, have);
  if (have.disk === undefined || mustBeRemade(want, have)) return replacement(address, want, have);
  const change = growth(address, want, have, rbd?.resizeSnapshot ?? false);
  const rebuild = rebuildOf(address, want, have, observed);
  if (rebuild !== undefined) return withRebuild(address, have, rebuild, change);
  const snapshot = snapshotToRollBackTo(want, have);
  if (snapshot === undefined) return change ?? finish(address, want, have);
  // One that was interrupted is brought to an end whatever is wanted since.
  const back = { ...have, running: false, saved: false, disk: have.disk === undefined ? undefined : { ...have.disk, size: snapshot.size } };
  return rollBack(address, want, have, snapshot, growth(address, want, back, rbd?.resizeSnapshot ?? false)?.actions[0]);
}

/** An old disk needs its backing file before anything else can be done to it. */
function withRebuild(address: Address, have: InstanceDiskState, rebuild: Action, grown: Change | undefined): Change {
  const field: FieldChange = { path: "backing", old: null, new: have.lostBacking?.path ?? null, effect: "none", cause: "drift" };
  const later = (grown?.actions ?? []).map((action) => ({ ...action, needs: [...action.needs, `${address}:backing`] }));
  return {
    address,
    verb: "update",
    cause: combineCauses(["drift", ...(grown === undefined ? [] : [grown.cause])]),
    reason: `its backing file is not there${grown === undefined ? "" : `, and ${grown.reason}`}`,
    fields: [field, ...(grown?.fields ?? [])],
    actions: [rebuild, ...later],
    before: { ...have.applied, backing: null },
    after: grown?.after ?? { ...have.applied, backing: have.lostBacking?.path ?? null },
  };
}

/** Whether a swap disk has another size than wanted, and nothing else about it is other: its size stands within it, and nothing there is kept. */
export function isOtherSwap(want: InstanceDisk, have: InstanceDiskState): boolean {
  if (want.disk.content?.filesystem !== "swap" || want.disk.size === have.disk?.size) return false;
  return !isAnotherKind(want, have);
}

/** Whether only a new disk can be what is wanted: another size of a swap disk, another image by name, another backend or place, another filesystem, encrypted or no longer. New bytes under the same name leave the disk alone. */
export function mustBeRemade(want: InstanceDisk, have: InstanceDiskState): boolean {
  return isAnotherKind(want, have) || isOtherSwap(want, have);
}

function isAnotherKind(want: InstanceDisk, have: InstanceDiskState): boolean {
  return (
    isElsewhere(want, have) ||
    (want.disk.base?.image ?? null) !== have.applied.image ||
    want.disk.content?.filesystem !== have.applied.filesystem ||
    isEncrypted(want) !== (have.disk?.encryption === "luks")
  );
}

/** Whether it was put into another backend, volume group or pool than it is wanted in. */
function isElsewhere({ disk }: InstanceDisk, { applied }: InstanceDiskState): boolean {
  return disk.backend !== applied.backend || disk.place !== applied.place;
}

function isEncrypted({ disk }: Pick<InstanceDisk, "disk">): boolean {
  return disk.encryption !== undefined;
}

function creation(address: Address, want: InstanceDisk, have: InstanceDiskState | undefined): Change {
  const gone = have !== undefined;
  // What an interrupted making or removal left in another place would stay there for ever.
  const left = gone && isElsewhere(want, have) ? [removeAction(address, have, [])] : [];
  return {
    address,
    verb: "create",
    cause: gone ? "drift" : "config",
    reason: `${gone ? "its file is not there" : "not there yet"}${want.fallback === undefined ? "" : "; it is cloned within Ceph"}`,
    fields: appliedFields(appliedOf(want)).map(([path, value]) => ({ path, new: value })),
    actions: [...left, createAction(address, want, left.length > 0 ? [`${address}:gone`] : [])],
    before: null,
    after: { ...appliedOf(want) },
  };
}

/** A new disk in place of one that cannot become what is wanted, or of one that is lost. */
function replacement(address: Address, want: InstanceDisk, have: InstanceDiskState): Change {
  const wanted = appliedOf(want);
  const effect = removalEffect(have);
  const [before, after] = [new Map(appliedFields(have.applied)), new Map(appliedFields(wanted))];
  const fields = [...new Set([...after.keys(), ...before.keys()])].flatMap((path): FieldChange[] => {
    const [old, fresh] = [before.get(path) ?? null, after.get(path) ?? null];
    // Encryption goes by what is found rather than by what was applied: below.
    if (path === "encrypted" || old === fresh) return [];
    return [{ path, old, new: fresh, effect, cause: "config" }];
  });
  const lost = have.disk === undefined;
  const found = lost ? have.applied.encrypted === true : have.disk.encryption === "luks";
  // The old disk and its guest stay as they are until it is known that a new one can be made.
  const base = baseFacts(want);
  const cause = causeOf(isEncrypted(want), have.applied.encrypted ?? false, found);
  const encryption: FieldChange[] =
    isEncrypted(want) === found ? [] : [{ path: "encrypted", old: found, new: isEncrypted(want), effect, cause }];
  const loss: FieldChange[] = lost ? [{ path: "exists", old: false, new: true, effect, cause: "drift" }] : [];
  const off = [`domain/${have.instance}:stopped`];
  // Of one that is lost something may be left, half removed, and only where it was.
  const remove = lost && !isElsewhere(want, have) ? [] : [removeAction(address, have, [...base, ...off])];
  const create = createAction(address, want, remove.length === 0 ? off : [`${address}:gone`]);
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

/** What shows that it was once whole is written last. */
function finish(address: Address, want: InstanceDisk, have: InstanceDiskState): Change | undefined {
  if (have.applied.unfinished !== true || !have.defined) return undefined;
  return {
    address,
    verb: "update",
    cause: "drift",
    reason: "its making was interrupted",
    fields: [{ path: "unfinished", old: true, new: false, effect: "none", cause: "drift" }],
    actions: [{ ...createAction(address, want), summary: "finish" }],
    before: { ...have.applied },
    after: { ...appliedOf(want) },
  };
}

/** Nova RSZ-04, where a resize leaves the swap disk behind and makes one: only who has it open has to let go of it. */
function remadeSwap(address: Address, want: InstanceDisk, have: InstanceDiskState): Change {
  const [size, found] = [want.disk.size, have.disk?.size ?? 0];
  const cause = causeOf(size, have.applied.size ?? undefined, found);
  const effect: Effect = have.running ? "restart" : "none";
  const { destroys: _nothing, ...remove } = removeAction(address, have, [`domain/${have.instance}:stopped`]);
  return {
    address,
    verb: "update",
    cause: combineCauses([cause]),
    reason: `another size is wanted, and a swap disk is made anew for that`,
    fields: [{ path: "size", old: found, new: size, effect, cause }],
    actions: [
      ...switchOff(want.domain, have),
      { ...remove, summary: `remove the swap disk of ${formatQuantity(found)}`, effect },
      createAction(address, want, [`${address}:gone`]),
      ...switchOnAgain(want.domain, have),
    ],
    before: { ...have.applied, size: found },
    after: { ...appliedOf(want) },
  };
}

function growth(address: Address, want: InstanceDisk, have: InstanceDiskState, snapshots: boolean): Change | undefined {
  const size = want.disk.size;
  const found = have.disk?.size ?? 0;
  if (size === null || size <= found) return undefined;
  const cause = causeOf(size, have.applied.size ?? undefined, found);
  // Nova RBD-10. A snapshot that is there is from before an earlier growth, or from an earlier try of this one, and stays.
  const snapshot = snapshots && want.disk.backend === "rbd" && want.disk.role === "root";
  const first = snapshot && have.disk?.resizeSnapshot === undefined ? `, after a snapshot ${resizeSnapshotName}` : "";
  // A guest with saved memory goes on first, and then it grows as that of any guest that runs. One that stays off loses the memory.
  const [saved, running] = [have.saved === true, have.running || (have.saved === true && want.domain.powerState === "running")];
  const action: Action = {
    id: `${address}#grow`,
    type: "disk.grow",
    address,
    summary: `grow from ${formatQuantity(found)} to ${formatQuantity(size)}${first}`,
    args: {
      disk: { ...want.disk },
      online: running,
      ...(snapshot ? { snapshot } : {}),
    } as unknown as Action["args"],
    needs: saved ? [`domain/${have.instance}${running ? "" : ":stopped"}`] : [],
    makes: saved && running ? [] : [address, ...(running ? [grownFact(have.instance)] : [])],
    locks: [lockOf(have.uuid)],
    effect: running ? "live" : "none",
  };
  return {
    address,
    verb: "update",
    cause: combineCauses([cause]),
    reason: `it is smaller than its ${want.disk.role === "ephemeral" && want.disk.name !== instanceFiles.local ? "declaration" : "flavor"} says`,
    fields: [{ path: "size", old: found, new: size, effect: action.effect, cause }],
    actions: [...(saved && !running ? [discardMemory(want.domain)] : []), action],
    before: { ...have.applied, size: found },
    after: { ...appliedOf(want) },
  };
}

function removal(address: Address, have: InstanceDiskState): Change {
  return {
    address,
    verb: "delete",
    cause: "config",
    reason: isForRescue(have.name) ? "it was there for a rescue only" : notConfigured,
    fields: appliedFields(have.applied).map(([path, value]) => ({ path, old: value })),
    // Either the guest goes as well, or it is switched off and told to do without; `diffDomain` sees to the latter.
    actions: [removeAction(address, have, [`domain/${have.instance}:gone`, ...released(have.instance)])],
    before: { ...have.applied },
    after: null,
  };
}

/** The fact that what the disk is made from is there. */
function baseFacts({ disk, fallback }: InstanceDisk): Fact[] {
  return disk.base === undefined || fallback !== undefined ? [] : [`base/${disk.base.entry}`];
}

function createAction(address: Address, want: InstanceDisk, needs: readonly string[] = []): Action {
  const { disk, fallback } = want;
  return {
    id: `${address}#create`,
    type: "disk.create",
    address,
    summary: creationSummary(disk, fallback !== undefined),
    args: { disk: { ...disk }, ...(fallback === undefined ? {} : { fallback }) } as unknown as Action["args"],
    needs: [...baseFacts(want), ...needs],
    makes: [address],
    locks: [lockOf(disk.uuid)],
    effect: "none",
  };
}

function removeAction(address: Address, have: InstanceDiskState, needs: readonly string[]): Action {
  const { instance, uuid, name, applied } = have;
  const what = applied.filesystem === "swap" ? "swap disk" : "disk";
  const loses = have.disk !== undefined && name !== "kernel" && name !== "ramdisk" && !isForRescue(name);
  return {
    id: `${address}#remove`,
    type: "disk.remove",
    address,
    summary: "remove",
    args: { instance, ...refOf(have), backend: applied.backend },
    needs,
    makes: [`${address}:gone`],
    locks: [lockOf(uuid)],
    effect: removalEffect(have),
    ...(loses ? { destroys: `${formatQuantity(have.disk.size)} ${what} ${address.slice("disk/".length)}` } : {}),
  };
}

/** The guest's own disk stays while that of its rescue goes; that it is off meanwhile, its domain says. */
function removalEffect({ name }: InstanceDiskState): Effect {
  return isForRescue(name) ? "none" : "rebuild";
}

/** What the label will record. */
export function appliedOf({ disk }: Pick<InstanceDisk, "disk">): AppliedDisk {
  return {
    backend: disk.backend,
    ...(disk.place === undefined ? {} : { place: disk.place }),
    size: disk.size,
    image: disk.base?.image ?? null,
    entry: disk.base?.entry ?? null,
    ...(disk.content === undefined ? {} : { filesystem: disk.content.filesystem }),
    ...(disk.encryption === undefined ? {} : { encrypted: true }),
  };
}

/** A guest that is switched off and whose definition is new holds nothing that the definition does not name. */
function released(instance: string): Fact[] {
  return [`domain/${instance}:stopped`, `domain/${instance}:defined`];
}

function lockOf(uuid: string): string {
  return `instance/${uuid}`;
}
