import type { Read } from "./finding.ts";
import { maxTableBytes, scanTable } from "./whole-table.ts";

const sector = 512;
const directoryAtEnd = 0xffffffffffffffffn;
/** A marker that says what follows in a stream. */
const endMarker = 3 * sector;
/** Bytes of a grain table of the usual 512 entries. Reading a smaller one takes as long. */
const usualTable = 512 * 4;

/** Every grain table and every grain of a sparse VMDK lies in its file. */
export async function vmdkProblem(read: Read, size: number): Promise<string | undefined> {
  let header = await read(0, sector);
  if (header.toString("latin1", 0, 4) !== "KDMV") return undefined;
  if (header.readBigUInt64LE(56) === directoryAtEnd) header = await read(size - endMarker + sector, sector);
  if (header.length < 79) return "the copy of its header at the end is missing";
  const capacity = Number(header.readBigUInt64LE(12));
  const grainSectors = Number(header.readBigUInt64LE(20));
  const entries = header.readUInt32LE(44);
  const directory = Number(header.readBigUInt64LE(56)) * sector;
  if (grainSectors < 1 || grainSectors > 2 ** 16 || entries < 1 || entries > 2 ** 16)
    return "the sizes of its grains or grain tables are not usable";
  const tables = Math.ceil(capacity / (grainSectors * entries));
  if (directory + tables * 4 > size || tables * 4 > maxTableBytes) return "its grain directory lies outside the file";
  const offsets = new Set<number>();
  await scanTable(read, directory, tables * 4, (part) => {
    for (let at = 0; at < part.length; at += 4) {
      const offset = part.readUInt32LE(at);
      if (offset !== 0) offsets.add(offset * sector);
    }
    return undefined;
  });
  if (offsets.size * Math.max(usualTable, entries * 4) > maxTableBytes) return undefined;
  for (const offset of offsets) {
    if (offset + entries * 4 > size) return `a grain table at byte ${offset} lies outside the file`;
    const found = await scanTable(read, offset, entries * 4, (part) => {
      for (let at = 0; at < part.length; at += 4) {
        // 0 is a hole, and 1 a grain of zeros.
        const grain = part.readUInt32LE(at);
        if (grain > 1 && (grain + 1) * sector > size) return `a grain at byte ${grain * sector} lies outside the file of ${size} bytes`;
      }
      return undefined;
    });
    if (found !== undefined) return found === "short" ? "a grain table is cut off" : found;
  }
  return undefined;
}
