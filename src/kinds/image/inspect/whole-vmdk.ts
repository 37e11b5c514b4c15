import type { Read } from "./finding.ts";
import { maxTableBytes, scanTable } from "./whole-table.ts";

const sector = 512;
const directoryAtEnd = 0xffffffffffffffffn;
/** A marker that says what follows in a stream. */
const endMarker = 3 * sector;
/** Bytes of a grain table of the usual 512 entries. Reading a smaller one takes as long. */
const usualTable = 512 * 4;
/** The flag of an image whose grains are compressed, so that each states its own length. */
const compressedGrains = 0x10000;

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
  const compressed = (header.readUInt32LE(8) & compressedGrains) !== 0;
  /** Where on the disk the first grain of each table is, in sectors, by the table's place in the file. */
  const starts = new Map<number, number>();
  let start = 0;
  await scanTable(read, directory, tables * 4, (part) => {
    for (let at = 0; at < part.length; at += 4, start += grainSectors * entries) {
      const offset = part.readUInt32LE(at) * sector;
      if (offset !== 0 && !starts.has(offset)) starts.set(offset, start);
    }
    return undefined;
  });
  if (starts.size * Math.max(usualTable, entries * 4) > maxTableBytes) return undefined;
  for (const [offset, first] of starts) {
    if (offset + entries * 4 > size) return `a grain table at byte ${offset} lies outside the file`;
    let position = first;
    const found = await scanTable(read, offset, entries * 4, (part) => {
      for (let at = 0; at < part.length; at += 4, position += grainSectors) {
        // 0 is a hole, and 1 a grain of zeros.
        const grain = part.readUInt32LE(at);
        const needed = compressed ? 1 : Math.max(1, Math.min(grainSectors, capacity - position));
        if (grain > 1 && (grain + needed) * sector > size)
          return `a grain at byte ${grain * sector} lies outside the file of ${size} bytes`;
      }
      return undefined;
    });
    if (found !== undefined) return found === "short" ? "a grain table is cut off" : found;
  }
  return undefined;
}
