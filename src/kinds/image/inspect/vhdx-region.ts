import type { Read } from "./finding.ts";

/** The GUIDs of regions as they are written: Microsoft's byte order has the first three groups little-endian. */
const guids = {
  /** 8b7ca206-4790-4b9a-b8fe-575f050f886e */
  metadata: "06a27c8b90479a4bb8fe575f050f886e",
  /** 2dc27766-f623-4200-9d64-115e9bfd4a08 */
  blocks: "6677c22d23f600429d64115e9bfd4a08",
} as const;

/** Where the two copies of the table of regions are, and how long each is. */
const tables = [192 * 1024, 256 * 1024];
const tableBytes = 64 * 1024;

/** Where a region of a VHDX is, in bytes, by the first table that names it; undefined when none does. */
export async function vhdxRegion(
  read: Read,
  region: keyof typeof guids,
): Promise<{ readonly offset: number; readonly length: number } | undefined> {
  for (const at of tables) {
    const table = await read(at, tableBytes);
    if (table.toString("latin1", 0, 4) !== "regi" || table.length < 16) continue;
    const entries = Math.min(table.readUInt32LE(8), 2047);
    for (let index = 0; index < entries && 16 + (index + 1) * 32 <= table.length; index += 1) {
      const entry = table.subarray(16 + index * 32, 48 + index * 32);
      if (entry.toString("hex", 0, 16) !== guids[region]) continue;
      const offset = Number(entry.readBigUInt64LE(16));
      if (!Number.isSafeInteger(offset)) break;
      return { offset, length: entry.readUInt32LE(24) };
    }
  }
  return undefined;
}
