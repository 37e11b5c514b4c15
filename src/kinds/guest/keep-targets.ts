import type { Address } from "../../model/address.ts";
import { instanceFiles } from "../../model/layout.ts";
import { diskRole } from "../terms/disk-name.ts";
import type { DomainFields } from "../terms/domain-state.ts";
import type { DomainDisk, DomainSpec } from "../terms/spec.ts";
import { volumes } from "../terms/volume-address.ts";
import { createNames } from "./device-map.ts";
import { diskSerial } from "./disk-serial.ts";

/** A disk of a guest, as far as it decides about its device name. */
export type TargetedDisk = Pick<DomainDisk, "name" | "target" | "bus" | "serial" | "bootOrder" | "named">;

/** A guest, as far as it decides about the device names of its disks. */
export type TargetedGuest = Pick<DomainSpec, "uuid" | "rescue"> & { readonly disks: readonly TargetedDisk[] };

/**
 * The guest with the device names that its disks other than the root have, where the configuration names none: one that stays must not be
 * unplugged and come back under another name because one before it comes or goes. `had`: the stored definition. Pure.
 */
export function keepTargets<Guest extends TargetedGuest>(want: Guest, had: DomainFields): Guest {
  // A rescue moves the names of all disks, and they move back after it.
  if ((had["rescue"] ?? null) !== want.rescue) return want;
  if (want.disks.every((disk) => !isMovable(disk) || hasOwnTarget(disk, want, had))) return want;
  const bySerial = new Map(
    Object.entries(had).flatMap(([path, serial]) => {
      const [, target] = /^disks\.([^.]+)\.serial$/.exec(path) ?? [];
      return target === undefined ? [] : [[String(serial), target] as const];
    }),
  );
  const taken = new Set(want.disks.filter((disk) => !isMovable(disk)).map(({ target }) => target));
  const kept = new Map<TargetedDisk, string>();
  for (const disk of want.disks.filter(isMovable)) {
    const target = bySerial.get(serialOf(disk, want));
    if (target === undefined || taken.has(target) || had[`disks.${target}.bus`] !== disk.bus) continue;
    kept.set(disk, target);
    taken.add(target);
  }
  if ([...kept].every(([disk, target]) => disk.target === target)) return want;
  const next = createNames(taken);
  const targetOf = (disk: TargetedDisk) => kept.get(disk) ?? (isMovable(disk) ? next(disk.bus) : disk.target);
  return { ...want, disks: want.disks.map((disk) => ({ ...disk, target: targetOf(disk) })) };
}

/** Whether the guest has the disk under the name that it would have anyway, as nearly all guests do. */
function hasOwnTarget(disk: TargetedDisk, want: TargetedGuest, had: DomainFields): boolean {
  return had[`disks.${disk.target}.serial`] === serialOf(disk, want) && had[`disks.${disk.target}.bus`] === disk.bus;
}

function serialOf({ serial, name }: TargetedDisk, { uuid }: TargetedGuest): string {
  return serial ?? diskSerial(uuid, name);
}

/** Whether the name of a disk follows from its place in the list alone. */
function isMovable({ name, bootOrder, named }: TargetedDisk): boolean {
  const role = diskRole(name);
  const isMovableRole = volumes.owns(name as Address) || name === instanceFiles.configDrive || role === "ephemeral" || role === "swap";
  return !named && bootOrder === null && isMovableRole;
}
