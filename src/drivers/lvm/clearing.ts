import { formatQuantity } from "../../model/quantity.ts";
import type { Clearing, DiskState } from "../driver.ts";
import type { LvmSettings } from "./settings.ts";

/** Nova LVM-09. */
const passes = { none: 0, zero: 1, shred: 3 };

/** How much of a logical volume is overwritten before it is removed: it can take hours, so the plan says so. Pure. */
export function lvmClearing({ allocated }: DiskState, { volumeClear, volumeClearSize }: LvmSettings): Clearing | undefined {
  // A volume that does not say how much it takes is sparse, and is not overwritten.
  if (allocated === undefined || volumeClear === "none") return undefined;
  const bytes = volumeClearSize === 0 ? allocated : Math.min(volumeClearSize, allocated);
  const how = volumeClear === "zero" ? "with zeros" : `${passes.shred} times`;
  const part = bytes < allocated ? `its first ${formatQuantity(bytes)}` : formatQuantity(bytes);
  return { words: `overwrite ${part} ${how}`, bytes: bytes * passes[volumeClear] };
}
