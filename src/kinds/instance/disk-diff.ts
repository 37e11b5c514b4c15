import { resizeSnapshotName } from "../../disks/rbd-snapshot.ts";
import type { Action, Fact } from "../../model/action.ts";
import type { Address } from "../../model/address.ts";
import { type Change, causeOf, combineCauses, type FieldChange, notConfigured } from "../../model/change.ts";
import type { Effect } from "../../model/effect.ts";
import type { Observed } from "../../model/kind.ts";
import { instanceFiles } from "../../model/layout.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { RbdSettings } from "../../model/settings.ts";
import type { AppliedDisk, InstanceDisk, InstanceDiskState } from "./disk.ts";
import { rebuildOf } from "./disk-backing.ts";
import { isForRescue } from "./disk-role.ts";
import { rollBack, snapshotToRollBackTo } from "./disk-roll-back.ts";
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
  if (have?.disk === undefined) return creation(address, want, have);
  if (mustBeRemade(want, have)) return replacement(address, want, have);
  const change = growth(address, want, have, rbd?.resizeSnapshot ?? false);
  const rebuild = rebuildOf(address, want, have, observed);
  if (rebuild !== undefined) return withRebuild(address, have, rebuild, change);
  const snapshot = snapshotToRollBackTo(want, have);
  if (snapshot === undefined) return change;
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

/** Whether only a new disk can be what is wanted: another image by name, another backend, another filesystem, encrypted or no longer. New bytes under the same name leave the disk alone. */
export function mustBeRemade(want: InstanceDisk, have: InstanceDiskState): boolean {
  return (
    want.disk.backend !== have.applied.backend ||
    (want.disk.base?.image ?? null) !== have.applied.image ||
    want.disk.content?.filesystem !== have.applied.filesystem ||
    isEncrypted(want) !== (have.disk?.encryption === "luks")
  );
}

function isEncrypted({ disk }: Pick<InstanceDisk, "disk">): boolean {
  return disk.encryption !== undefined;
}

function creation(address: Address, want: InstanceDisk, have: InstanceDiskState | undefined): Change {
  const lost = have !== undefined;
  return {
    address,
    verb: "create",
    cause: lost ? "drift" : "config",
    reason: `${lost ? "its file is not there" : "not there yet"}${want.fallback === undefined ? "" : "; it is cloned within Ceph"}`,
    fields: fieldsOf(appliedOf(want)).map(([path, value]) => ({ path, new: value })),
    actions: [createAction(address, want)],
    before: null,
    after: { ...appliedOf(want) },
  };
}

function replacement(address: Address, want: InstanceDisk, have: InstanceDiskState): Change {
  const wanted = appliedOf(want);
  const fields = fieldsOf(wanted).flatMap(([path, value]): FieldChange[] => {
    // By what is found rather than by what was applied: below.
    if (path === "encrypted") return [];
    const old = have.applied[path];
    return JSON.stringify(old) === JSON.stringify(value)
      ? []
      : [{ path, old: old ?? null, new: value, effect: removalEffect(have), cause: "config" }];
  });
  // The old disk and its guest stay as they are until it is known that a new one can be made.
  const base = baseFacts(want);
  const found = have.disk?.encryption === "luks";
  const cause = causeOf(isEncrypted(want), have.applied.encrypted ?? false, found);
  const encryption: FieldChange[] =
    isEncrypted(want) === found ? [] : [{ path: "encrypted", old: found, new: isEncrypted(want), effect: "rebuild", cause }];
  return {
    address,
    verb: "replace",
    cause: combineCauses([...(fields.length > 0 ? ["config" as const] : []), ...encryption.flatMap((field) => field.cause ?? [])]),
    reason: replacementReason(wanted, have),
    fields: [...fields, ...encryption],
    actions: [
      ...switchOff(want.domain, have, base),
      removeAction(address, have, [...base, `domain/${have.instance}:stopped`]),
      createAction(address, want, [`${address}:gone`]),
      ...switchOnAgain(want.domain, have),
    ],
    before: { ...have.applied },
    after: { ...wanted },
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
      target: have.target ?? null,
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
    fields: fieldsOf(have.applied).map(([path, value]) => ({ path, old: value })),
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
  const { instance, uuid, name, path, applied } = have;
  const what = applied.filesystem === "swap" ? "swap disk" : "disk";
  const loses = have.disk !== undefined && name !== "kernel" && name !== "ramdisk" && !isForRescue(name);
  return {
    id: `${address}#remove`,
    type: "disk.remove",
    address,
    summary: "remove",
    args: { instance, uuid, name, path, backend: applied.backend },
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
    size: disk.size,
    image: disk.base?.image ?? null,
    entry: disk.base?.entry ?? null,
    ...(disk.content === undefined ? {} : { filesystem: disk.content.filesystem }),
    ...(disk.encryption === undefined ? {} : { encrypted: true }),
  };
}

/** Entries are digests of digests: shown nowhere but in the JSON. */
function fieldsOf(applied: AppliedDisk): ["backend" | "size" | "image" | "filesystem" | "encrypted", string | number | boolean | null][] {
  return [
    applied.filesystem === undefined ? ["image", applied.image] : ["filesystem", applied.filesystem],
    ["size", applied.size],
    ["backend", applied.backend],
    ...(applied.encrypted === undefined ? [] : [["encrypted", applied.encrypted] as ["encrypted", boolean]]),
  ];
}

function creationSummary({ role, backend, size, base, content, encryption }: InstanceDisk["disk"], cloned: boolean): string {
  if (role === "kernel" || role === "ramdisk") return `copy ${base?.image}`;
  const kind = `${encryption === undefined ? "" : "encrypted "}${backend}${role === "rescue" ? " rescue" : ""}`;
  const disk = `create ${kind} disk${size === null ? "" : ` of ${formatQuantity(size)}`}`;
  if (base !== undefined) return `${disk}${cloned ? ", cloned" : ""} from ${base.image}`;
  if (content === undefined) return disk;
  return content.filesystem === "swap" ? disk.replace("disk", "swap disk") : `${disk} with ${content.filesystem}`;
}

function replacementReason(wanted: AppliedDisk, { applied, disk }: InstanceDiskState): string {
  if (wanted.filesystem !== applied.filesystem) return "it gets another filesystem";
  if (wanted.image !== applied.image) return "it is made from another image";
  if (wanted.backend !== applied.backend) return "another backend keeps it";
  if (wanted.encrypted !== true) return "it is no longer to be encrypted";
  return applied.encrypted === true && disk?.encryption === undefined
    ? "somebody has put one that is not encrypted in its place"
    : "it is to be encrypted";
}

/** A guest that is switched off and whose definition is new holds nothing that the definition does not name. */
function released(instance: string): Fact[] {
  return [`domain/${instance}:stopped`, `domain/${instance}:defined`];
}

function lockOf(uuid: string): string {
  return `instance/${uuid}`;
}
