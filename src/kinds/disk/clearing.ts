import type { DiskState } from "../../drivers/driver.ts";
import type { Change } from "../../model/change.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { LvmSettings } from "../../model/settings.ts";

/** Nova LVM-09. */
const passes = { none: 0, zero: 1, shred: 3 };

/** The change, saying of each logical volume that it removes how much is overwritten before: it can take hours, and nobody should wonder. */
export function withClearing(change: Change | undefined, disk: DiskState | undefined, lvm: LvmSettings | undefined): Change | undefined {
  // What does not say how much it takes is sparse, and is not overwritten.
  if (change === undefined || lvm === undefined || disk?.backend !== "lvm" || disk.allocated === undefined) return change;
  const { volumeClear, volumeClearSize } = lvm;
  if (volumeClear === "none") return change;
  const bytes = volumeClearSize === 0 ? disk.allocated : Math.min(volumeClearSize, disk.allocated);
  const how = volumeClear === "zero" ? "with zeros" : `${passes.shred} times`;
  const part = bytes < disk.allocated ? `its first ${formatQuantity(bytes)}` : formatQuantity(bytes);
  const actions = change.actions.map((action) =>
    action.type === "disk.remove" || action.type === "volume.remove"
      ? { ...action, summary: `overwrite ${part} ${how}, then remove`, overwrites: bytes * passes[volumeClear] }
      : action,
  );
  return { ...change, actions };
}
