import type { Cost } from "../../model/cost.ts";
import { baseOf } from "../content.ts";
import type { DiskSpec, DiskStart } from "../driver.ts";
import { blankBytes, containerCost, wantedSize } from "../shared/file-cost.ts";
import { rbdClone } from "./clone.ts";
import type { CephFacts, RbdSettings } from "./settings.ts";

/** What an image in Ceph costs, each byte counted once however often the pool keeps it. A clone shares the bytes of its parent. Pure. */
export function rbdCost(disk: DiskSpec, from: DiskStart, _settings: RbdSettings | undefined, facts: CephFacts | undefined): Cost {
  const size = wantedSize(disk, from);
  if (from.size > 0) return { takes: { thin: 0, full: Math.max(0, (size ?? 0) - from.size) } };
  // Ceph reserves no space for images: preallocation does not apply.
  if (disk.encryption !== null) return containerCost({ ...disk, preallocate: "none" }, from);
  const base = baseOf(disk);
  if (base !== null && rbdClone.from(facts, base.cloneFrom) !== undefined) return { takes: { thin: 0, full: size } };
  const content = base === null ? blankBytes(disk) : (from.base?.content ?? null);
  return { moves: { convert: content }, takes: { thin: content, full: size } };
}
