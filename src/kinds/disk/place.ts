import type { DiskRef, DiskSpec } from "../../drivers/driver.ts";
import { driverOf } from "../../drivers/index.ts";

/** Whether a disk was put into another driver, volume group or pool than it is wanted in. */
export function isElsewhere(wanted: Pick<DiskSpec, "backend" | "place">, applied: Pick<DiskSpec, "backend" | "place">): boolean {
  return wanted.backend !== applied.backend || wanted.place !== applied.place;
}

/** Where a disk was looked for. */
export function whereText(disk: DiskRef & { readonly backend: string }): string {
  return driverOf(disk.backend).where(disk);
}
