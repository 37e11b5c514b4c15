import type { Address } from "../../model/address.ts";
import { instanceFiles } from "../../model/layout.ts";
import type { DomainFields } from "../terms/domain-state.ts";
import type { DomainDisk, DomainSpec } from "../terms/spec.ts";
import { volumes } from "../terms/volume-address.ts";
import { createNames } from "./device-map.ts";
import { diskSerial } from "./disk-serial.ts";

/**
 * The guest with the device names that its volumes and its config drive have, where the configuration names none: a volume that stays
 * must not be unplugged and come back under another name because one before it goes. `had`: the stored definition. Pure.
 */
export function keepTargets(want: DomainSpec, had: DomainFields): DomainSpec {
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
  const kept = new Map<DomainDisk, string>();
  for (const disk of want.disks.filter(isMovable)) {
    const target = bySerial.get(serialOf(disk, want));
    if (target === undefined || taken.has(target) || had[`disks.${target}.bus`] !== disk.bus) continue;
    kept.set(disk, target);
    taken.add(target);
  }
  if ([...kept].every(([disk, target]) => disk.target === target)) return want;
  const next = createNames(taken);
  const targetOf = (disk: DomainDisk) => kept.get(disk) ?? (isMovable(disk) ? next(disk.bus) : disk.target);
  return { ...want, disks: want.disks.map((disk) => ({ ...disk, target: targetOf(disk) })) };
}

/** Whether the guest has the disk under the name that it would have anyway, as nearly all guests do. */
function hasOwnTarget(disk: DomainDisk, want: DomainSpec, had: DomainFields): boolean {
  return had[`disks.${disk.target}.serial`] === serialOf(disk, want) && had[`disks.${disk.target}.bus`] === disk.bus;
}

function serialOf({ serial, name }: DomainDisk, { uuid }: DomainSpec): string {
  return serial ?? diskSerial(uuid, name);
}

/** Whether the name of a disk follows from its place in the list alone. */
function isMovable({ name, bootOrder, named }: DomainDisk): boolean {
  return !named && bootOrder === null && (volumes.owns(name as Address) || name === instanceFiles.configDrive);
}
