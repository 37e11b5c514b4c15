import type { Action } from "../../model/action.ts";
import type { Address } from "../../model/address.ts";
import { type Change, causeOf, combineCauses, type FieldChange } from "../../model/change.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { AppliedDisk, InstanceDisk, InstanceDiskState } from "./disk.ts";
import { startDomain, stopDomain } from "./domain-actions.ts";

/** What differs between a disk as wanted and as found. A disk is never shrunk: `checkDisks` says so instead. */
export function diffDisk(address: Address, want: InstanceDisk | undefined, have: InstanceDiskState | undefined): Change | undefined {
  if (want === undefined) return have === undefined ? undefined : removal(address, have);
  if (have?.disk === undefined) return creation(address, want, have);
  if (mustBeRemade(want, have)) return replacement(address, want, have);
  return growth(address, want, have);
}

/** Whether only a new disk can be what is wanted: another image by name, or another backend. New bytes under the same name leave the disk alone. */
export function mustBeRemade(want: InstanceDisk, have: InstanceDiskState): boolean {
  return want.disk.backend !== have.applied.backend || (want.disk.base?.image ?? null) !== have.applied.image;
}

function creation(address: Address, want: InstanceDisk, have: InstanceDiskState | undefined): Change {
  const lost = have !== undefined;
  return {
    address,
    verb: "create",
    cause: lost ? "drift" : "config",
    reason: lost ? "its file is not there" : "not there yet",
    fields: fieldsOf(appliedOf(want)).map(([path, value]) => ({ path, new: value })),
    actions: [createAction(address, want)],
    before: null,
    after: { ...appliedOf(want) },
  };
}

function replacement(address: Address, want: InstanceDisk, have: InstanceDiskState): Change {
  const wanted = appliedOf(want);
  const fields = fieldsOf(wanted).flatMap(([path, value]): FieldChange[] => {
    const old = have.applied[path];
    return JSON.stringify(old) === JSON.stringify(value) ? [] : [{ path, old, new: value, effect: "rebuild", cause: "config" }];
  });
  const restart = have.running;
  return {
    address,
    verb: "replace",
    cause: "config",
    reason: want.disk.base?.image === have.applied.image ? "another backend keeps it" : "it is made from another image",
    fields,
    actions: [
      ...(restart ? [stopDomain(want.domain)] : []),
      removeAction(address, have, restart ? [`domain/${have.instance}:stopped`] : []),
      createAction(address, want, [`${address}:gone`]),
      ...(restart && want.domain.powerState !== "stopped" ? [startDomain(want.domain)] : []),
    ],
    before: { ...have.applied },
    after: { ...wanted },
  };
}

function growth(address: Address, want: InstanceDisk, have: InstanceDiskState): Change | undefined {
  const size = want.disk.size;
  const found = have.disk?.size ?? 0;
  if (size === null || size <= found) return undefined;
  const cause = causeOf(size, have.applied.size ?? undefined, found);
  const action: Action = {
    id: `${address}#grow`,
    type: "disk.grow",
    address,
    summary: `grow from ${formatQuantity(found)} to ${formatQuantity(size)}`,
    args: { disk: { ...want.disk }, online: have.running } as unknown as Action["args"],
    needs: [],
    makes: [address],
    locks: [lockOf(have.uuid)],
    effect: have.running ? "live" : "none",
  };
  return {
    address,
    verb: "update",
    cause: combineCauses([cause]),
    reason: "it is smaller than its flavor says",
    fields: [{ path: "size", old: found, new: size, effect: action.effect, cause }],
    actions: [action],
    before: { ...have.applied, size: found },
    after: { ...appliedOf(want) },
  };
}

function removal(address: Address, have: InstanceDiskState): Change {
  return {
    address,
    verb: "delete",
    cause: "config",
    reason: "no longer in the configuration",
    fields: fieldsOf(have.applied).map(([path, value]) => ({ path, old: value })),
    actions: [removeAction(address, have, [`domain/${have.instance}:gone`])],
    before: { ...have.applied },
    after: null,
  };
}

function createAction(address: Address, { disk }: InstanceDisk, needs: readonly string[] = []): Action {
  const size = disk.size === null ? "" : ` of ${formatQuantity(disk.size)}`;
  return {
    id: `${address}#create`,
    type: "disk.create",
    address,
    summary: disk.role === "root" ? `create ${disk.backend} disk${size} from ${disk.base?.image}` : `copy ${disk.base?.image}`,
    args: { disk: { ...disk } } as unknown as Action["args"],
    needs: [...(disk.base === undefined ? [] : [`base/${disk.base.entry}`]), ...needs],
    makes: [address],
    locks: [lockOf(disk.uuid)],
    effect: "none",
  };
}

function removeAction(address: Address, have: InstanceDiskState, needs: readonly string[]): Action {
  const { instance, uuid, name, path, applied } = have;
  const loses = have.disk !== undefined && name !== "kernel" && name !== "ramdisk";
  return {
    id: `${address}#remove`,
    type: "disk.remove",
    address,
    summary: "remove",
    args: { instance, uuid, name, path, backend: applied.backend },
    needs,
    makes: [`${address}:gone`],
    locks: [lockOf(uuid)],
    effect: "rebuild",
    ...(loses ? { destroys: `${formatQuantity(have.disk.size)} disk ${address.slice("disk/".length)}` } : {}),
  };
}

/** What the label will record. */
export function appliedOf({ disk }: Pick<InstanceDisk, "disk">): AppliedDisk {
  return { backend: disk.backend, size: disk.size, image: disk.base?.image ?? null, entry: disk.base?.entry ?? null };
}

/** Entries are digests of digests: shown nowhere but in the JSON. */
function fieldsOf(applied: AppliedDisk): ["backend" | "size" | "image", string | number | null][] {
  return [
    ["image", applied.image],
    ["size", applied.size],
    ["backend", applied.backend],
  ];
}

function lockOf(uuid: string): string {
  return `instance/${uuid}`;
}
