import type { Cost } from "../../model/cost.ts";
import { luksReserve } from "../../tools/luks.ts";
import { baseOf } from "../content.ts";
import type { DiskSpec, DiskStart } from "../driver.ts";
import { blankBytes, plus, wantedSize } from "../shared/file-cost.ts";

const cluster = 64 * 2 ** 10;
/** Header, refcounts and the first table of a file that holds nothing. */
const emptyFile = 3 * cluster + 4096;

/** Bytes of a file whose clusters are all assigned: 8 bytes of tables and 2 of refcounts for each cluster. */
function fullFile(size: number): number {
  return emptyFile + size + Math.ceil(size / cluster) * 10;
}

/** What an overlay costs: nothing of its base is copied, and it grows with what its guest writes. Pure. */
export function qcow2Cost(disk: DiskSpec, from: DiskStart): Cost {
  const size = wantedSize(disk, from);
  const full = size === null ? null : fullFile(size);
  const reserves = disk.preallocate === "space";
  if (from.size > 0) {
    const more = Math.max(0, (full ?? 0) - fullFile(from.size));
    // The space that an encrypted disk grows by is not reserved.
    return { takes: { thin: reserves && disk.encryption === null ? more : 0, full: more } };
  }
  const encrypted = disk.encryption === null ? 0 : luksReserve;
  // Only an encrypted filesystem is in the file itself: another is in the base that such disks share.
  const content = encrypted > 0 && baseOf(disk) === null ? blankBytes(disk) : 0;
  const whole = plus(full, encrypted);
  const takes = { thin: reserves ? whole : emptyFile + encrypted + content, full: whole };
  return content === 0 ? { takes } : { moves: { convert: content }, takes };
}
