import type { DiskRef } from "../../drivers/driver.ts";
import { driverOf, placeOf } from "../../drivers/index.ts";
import type { HostSettings } from "../../model/settings.ts";

interface AppliedPlace {
  readonly backend: string;
  readonly place?: string | null;
}

/** The key in the configuration that names the place of a driver's disks; undefined for a driver that has none. */
export function placeKey(driver: string): string | undefined {
  return driverOf(driver).place?.key;
}

/** What was applied, with its place. Labels of earlier versions name none: then it is where the configuration says. */
export function withPlace<Applied extends AppliedPlace>(applied: Applied, settings: HostSettings): Applied {
  const place = applied.place ?? placeOf(applied.backend, settings);
  return place === null ? applied : { ...applied, place };
}

/** Whether a disk was put into another driver, volume group or pool than it is wanted in. */
export function isElsewhere(wanted: AppliedPlace, applied: AppliedPlace): boolean {
  return wanted.backend !== applied.backend || (wanted.place ?? null) !== (applied.place ?? null);
}

/** Where a disk was looked for. */
export function whereText(disk: DiskRef & { readonly backend: string }): string {
  return driverOf(disk.backend).where(disk);
}
