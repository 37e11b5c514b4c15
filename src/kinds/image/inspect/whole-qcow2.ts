import { qcow2HeaderBytes, readQcow2Header } from "../../../tools/qcow2-header.ts";
import type { Read } from "./finding.ts";
import { maxTableBytes, scanTable } from "./whole-table.ts";

const offsetMask = 0x00fffffffffffe00n;
const compressedBit = 1n << 62n;
const zeroBit = 1n;
const sector = 512;

/** Every L2 table and every cluster of a qcow2 image lies in its file. */
export async function qcow2Problem(read: Read, size: number): Promise<string | undefined> {
  const header = readQcow2Header(await read(0, qcow2HeaderBytes))?.header;
  if (header === undefined) return "its header cannot be read";
  const { l1Offset, clusterSize, l1Entries, version, virtualSize } = header;
  /** Where on the disk the first cluster of each L2 table is, by the table's place in the file: many entries can name one table. */
  const starts = new Map<number, number>();
  let start = 0;
  const short = await scanTable(read, l1Offset, l1Entries * 8, (part) => {
    for (let at = 0; at < part.length; at += 8, start += clusterSize * (clusterSize / 8)) {
      const offset = Number(part.readBigUInt64BE(at) & offsetMask);
      if (offset !== 0 && !starts.has(offset)) starts.set(offset, start);
    }
    return undefined;
  });
  if (short !== undefined) return "its L1 table lies outside the file";
  const tables = [...starts];
  const outside = tables.find(([offset]) => offset + clusterSize > size);
  if (outside !== undefined) return `an L2 table at byte ${outside[0]} lies outside the file`;
  const bits = BigInt(Math.log2(clusterSize));
  const bounds = { size, clusterSize, disk: virtualSize, shift: 62n - (bits - 8n), zero: version === 3 };
  if (tables.length * clusterSize > maxTableBytes) return undefined;
  for (let at = 0; at < tables.length; at += together) {
    const found = await Promise.all(
      tables.slice(at, at + together).map(([offset, first]) => scanTable(read, offset, clusterSize, clusterOutside(bounds, first))),
    );
    const problem = found.find((one) => one !== undefined);
    if (problem !== undefined) return problem === "short" ? "an L2 table is cut off" : problem;
  }
  return undefined;
}

/** Tables that are read at the same time, so that reads on a host over ssh share round trips. */
const together = 16;

interface Bounds {
  /** Bytes of the file, of a cluster and of the disk. */
  readonly size: number;
  readonly clusterSize: number;
  readonly disk: number;
  /** Bits of the place of a compressed cluster; those above count its further sectors. */
  readonly shift: bigint;
  /** A bit marks clusters of zeros. */
  readonly zero: boolean;
}

/** Looks through an L2 table. `first`: where on the disk its first cluster is. */
function clusterOutside({ size, clusterSize, disk, shift, zero }: Bounds, first: number) {
  let position = first;
  return (part: Buffer): string | undefined => {
    for (let at = 0; at < part.length; at += 8, position += clusterSize) {
      // Most entries are empty, and reading them as two numbers is faster.
      if (part.readUInt32BE(at) === 0 && part.readUInt32BE(at + 4) === 0) continue;
      const entry = part.readBigUInt64BE(at);
      if ((entry & compressedBit) !== 0n) {
        const offset = Number(entry & ((1n << shift) - 1n));
        const further = Number((entry & (compressedBit - 1n)) >> shift);
        // Its last sector holds at least one byte of it.
        if ((Math.floor(offset / sector) + further) * sector >= size)
          return `a compressed cluster at byte ${offset} lies outside the file of ${size} bytes`;
        continue;
      }
      if (zero && (entry & zeroBit) !== 0n) continue;
      const offset = Number(entry & offsetMask);
      // What lies behind the end of the disk need not be there.
      const needed = Math.max(1, Math.min(clusterSize, disk - position));
      if (offset !== 0 && offset + needed > size) return `a cluster at byte ${offset} lies outside the file of ${size} bytes`;
      if (offset !== 0 && offset % clusterSize !== 0) return `a cluster begins at byte ${offset}, which is no multiple of ${clusterSize}`;
    }
    return undefined;
  };
}
