import { userError } from "../model/errors.ts";
import type { HostFacts } from "../model/host-facts.ts";
import type { HostSettings } from "../model/settings.ts";
import type { GuestDisk } from "../tools/guestfs/guest-disk.ts";
import type { AnyDriver, Checkpoint, DiskRef, DiskSpec, Put } from "./driver.ts";
import { flat } from "./flat.ts";
import { lvm } from "./lvm/lvm.ts";
import { ploop } from "./ploop.ts";
import { qcow2 } from "./qcow2/qcow2.ts";
import { rbd } from "./rbd/rbd.ts";

const registry = new Map<string, AnyDriver>([flat, qcow2, lvm, rbd, ploop].map((driver): [string, AnyDriver] => [driver.name, driver]));

/** The driver of disks whose configuration names none. */
export const defaultDriver = qcow2.name;

/** The driver of kernels, ramdisks and CDs: plain files, whatever driver the disks have (Nova LAY-19, BLK-06). */
export const plainFileDriver = flat.name;

/** The names of all drivers. */
export function driverNames(): string[] {
  return [...registry.keys()];
}

/** What each driver is, as a sentence by its name. */
export function driverMeanings(): Record<string, string> {
  return Object.fromEntries(
    allDrivers().map(({ name, traits: { about } }) => [name, `${about.charAt(0).toUpperCase()}${about.slice(1)}.`]),
  );
}

/** Every driver. */
export function allDrivers(): AnyDriver[] {
  return [...registry.values()];
}

/** The driver of a name. Throws a UserError for one that this version does not have, as a label of a later one may name. */
export function driverOf(name: string): AnyDriver {
  const driver = registry.get(name);
  if (driver !== undefined) return driver;
  throw userError(
    "backend-not-supported",
    `images_type ${name} is not supported by this version`,
    `Supported are ${driverNames().join(", ")}.`,
  );
}

/** Adds a driver; disposing of the result takes it out again. Throws for a name that is taken. */
export function registerDriver(driver: AnyDriver): Disposable {
  if (registry.has(driver.name)) throw new Error(`a driver ${driver.name} is registered already`);
  registry.set(driver.name, driver);
  return { [Symbol.dispose]: () => void registry.delete(driver.name) };
}

/** The place that a driver gives new disks; null for one that has none, or whose settings are missing. */
export function placeOf(name: string, settings: HostSettings): string | null {
  const own = settings.drivers[name];
  return own === undefined || own === null ? null : (driverOf(name).place?.of(own) ?? null);
}

/** The size that a disk gets when these bytes are asked for, and why where it is another. */
export function roundUp(
  name: string,
  bytes: number,
  facts: HostFacts,
  settings: HostSettings,
): { readonly bytes: number; readonly why: string } {
  const steps = driverOf(name).traits.steps?.(facts.drivers[name], settings.drivers[name]);
  return steps === undefined ? { bytes, why: "" } : { bytes: Math.ceil(bytes / steps.bytes) * steps.bytes, why: steps.why };
}

/** Whether what a domain names as the source of a disk is this disk, whichever driver keeps it. */
export function ownsSource(source: string, disk: Pick<DiskRef, "uuid" | "path">): boolean {
  return allDrivers().some((driver) => driver.owns(source, disk));
}

/** How libguestfs opens a disk. Throws for a driver without it: `checkInjections` refuses that. */
export function guestDiskOf(disk: DiskSpec, settings: HostSettings): GuestDisk {
  const guestDisk = driverOf(disk.backend).guestDisk?.(disk, settings);
  if (guestDisk === undefined) throw new Error(`libguestfs does not open disks of driver ${disk.backend}`);
  return guestDisk;
}

/** The driver that keeps the config drives of instances whose disks are in this one: the same, or plain files. */
export function driveDriver(name: string): string {
  return driverOf(name).put === undefined ? plainFileDriver : name;
}

/** How a driver keeps config drives. Throws a UserError for a driver that does not exist or keeps none, as a damaged label may name. */
export function putOf(name: string): Put {
  const { put } = driverOf(name);
  if (put !== undefined) return put;
  throw userError(
    "backend-not-supported",
    `Disks in ${name} cannot be config drives`,
    `Drivers that keep them: ${namesWith("put").join(", ")}.`,
  );
}

/** The way back of a driver. Throws for one that has none, whose disks never name a checkpoint. */
// biome-ignore lint/suspicious/noExplicitAny: the settings are the driver's own
export function checkpointOf(name: string): Checkpoint<any> {
  const { checkpoint } = driverOf(name);
  if (checkpoint === undefined) throw new Error(`driver ${name} has no checkpoints`);
  return checkpoint;
}

function namesWith(group: "put"): string[] {
  return allDrivers().flatMap((driver) => (driver[group] === undefined ? [] : [driver.name]));
}
