import type { Cost } from "../../model/cost.ts";
import { luksReserve } from "../../tools/luks.ts";
import { baseOf, blankOf } from "../content.ts";
import type { DiskSpec, DiskStart } from "../driver.ts";
import { containerCost, plus, wantedSize } from "../shared/file-cost.ts";
import type { LvmFacts } from "./look.ts";
import type { LvmSettings } from "./settings.ts";
import { sparsePool, wholeExtents } from "./sparse.ts";

/** What a logical volume costs: its whole size at once, unless it is sparse. Pure. */
export function lvmCost(disk: DiskSpec, from: DiskStart, settings: LvmSettings | undefined, facts: LvmFacts | undefined): Cost {
  const extent = facts?.extentSize ?? 1;
  const content = wantedSize(disk, from);
  if (from.size > 0) {
    const more = Math.max(0, (content ?? 0) - from.size);
    return { takes: { thin: settings?.sparse === true ? 0 : more, full: more } };
  }
  const size = content === null ? null : wholeExtents(content, extent) + (disk.encryption === null ? 0 : wholeExtents(luksReserve, extent));
  const container = disk.encryption === null ? undefined : containerCost(disk, from);
  const moves = container?.moves ?? (baseOf(disk) === null ? {} : { convert: from.base?.content ?? null });
  const filled = container === undefined ? (from.base?.virtualSize ?? 0) : blankOf(disk) !== null ? content : (from.base?.virtualSize ?? 0);
  const pool = settings?.sparse === true && size !== null && filled !== null ? sparsePool(size, filled, extent) : undefined;
  if (pool === undefined) return { moves, takes: { thin: size, full: size } };
  return { moves, takes: { thin: pool.data + pool.records, full: plus(size, pool.records) } };
}
