import type { DiskRef } from "../../drivers/driver.ts";
import { backendOf } from "../../drivers/index.ts";
import { volumeName } from "../../drivers/lvm/lvm.ts";
import type { BackendName, HostSettings } from "../../model/settings.ts";

/** What the place of a disk is called in the configuration, by backend. Files have none of their own. */
export const placeWords: Readonly<Partial<Record<BackendName, "volume_group" | "pool">>> = { lvm: "volume_group", rbd: "pool" };

interface AppliedPlace {
  readonly backend: BackendName;
  readonly place?: string;
}

/** What was applied, with its place. Labels of earlier versions name none: then it is where the configuration says. */
export function withPlace<Applied extends AppliedPlace>(applied: Applied, settings: HostSettings): Applied {
  const place = applied.place ?? backendOf(applied.backend).place?.(settings);
  return place === undefined ? applied : { ...applied, place };
}

/** Whether a disk was put into another backend, volume group or pool than it is wanted in. */
export function isElsewhere(wanted: AppliedPlace, applied: AppliedPlace): boolean {
  return wanted.backend !== applied.backend || wanted.place !== applied.place;
}

/** Where a disk was looked for. */
export function whereText(disk: DiskRef & { readonly backend: BackendName }): string {
  const { uuid, name, path, backend, place } = disk;
  if (backend === "lvm") return `Volume ${volumeName(disk)} of volume group ${place}`;
  if (backend === "rbd") return `Image ${uuid}_${name} of pool ${place}`;
  return path;
}
