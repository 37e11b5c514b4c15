import { qcow2HeaderBytes, readQcow2Header } from "../../../tools/qcow2-header.ts";
import type { Read } from "./finding.ts";
import { maxTableBytes, scanTable } from "./whole-table.ts";

const offsetMask = 0x00fffffffffffe00n;
const compressedBit = 1n << 62n;
const zeroBit = 1n;

/** Every L2 table and every cluster of a qcow2 image lies in its file. */
export async function qcow2Problem(read: Read, size: number): Promise<string | undefined> {
  const header = readQcow2Header(await read(0, qcow2HeaderBytes))?.header;
  if (header === undefined) return "its header cannot be read";
  const { l1Offset, clusterSize, l1Entries, version } = header;
  const tables: number[] = [];
  const short = await scanTable(read, l1Offset, l1Entries * 8, (part) => {
    for (let at = 0; at < part.length; at += 8) {
      const offset = Number(part.readBigUInt64BE(at) & offsetMask);
      if (offset !== 0) tables.push(offset);
    }
    return undefined;
  });
  if (short !== undefined) return "its L1 table lies outside the file";
  const outside = tables.find((offset) => offset + clusterSize > size);
  if (outside !== undefined) return `an L2 table at byte ${outside} lies outside the file`;
  const bits = BigInt(Math.log2(clusterSize));
  const bounds = { size, clusterSize, shift: 62n - (bits - 8n), zero: version === 3 };
  // Many entries can name one table.
  const different = [...new Set(tables)];
  if (different.length * clusterSize > maxTableBytes) return undefined;
  for (let at = 0; at < different.length; at += together) {
    const found = await Promise.all(
      different.slice(at, at + together).map((offset) => scanTable(read, offset, clusterSize, clusterOutside(bounds))),
    );
    const problem = found.find((one) => one !== undefined);
    if (problem !== undefined) return problem === "short" ? "an L2 table is cut off" : problem;
  }
  return undefined;
}

/** Tables that are read at the same time, so that reads on a host over ssh share round trips. */
const together = 16;

function clusterOutside({ size, clusterSize, shift, zero }: { size: number; clusterSize: number; shift: bigint; zero: boolean }) {
  return (part: Buffer): string | undefined => {
    for (let at = 0; at < part.length; at += 8) {
      // Most entries are empty, and reading them as two numbers is faster.
      if (part.readUInt32BE(at) === 0 && part.readUInt32BE(at + 4) === 0) continue;
      const entry = part.readBigUInt64BE(at);
      if ((entry & compressedBit) !== 0n) {
        const offset = Number(entry & ((1n << shift) - 1n));
        if (offset >= size) return `a compressed cluster at byte ${offset} lies outside the file of ${size} bytes`;
        continue;
      }
      if (zero && (entry & zeroBit) !== 0n) continue;
      const offset = Number(entry & offsetMask);
      // The last cluster may be cut at the end of what was written.
      if (offset !== 0 && offset >= size) return `a cluster at byte ${offset} lies outside the file of ${size} bytes`;
      if (offset !== 0 && offset % clusterSize !== 0) return `a cluster begins at byte ${offset}, which is no multiple of ${clusterSize}`;
    }
    return undefined;
  };
}
