import type { Read } from "./finding.ts";

const protective = 0xee;
const maxEntries = 1024;
/** Bytes of a GPT header that are read here. */
const headerFields = 88;

/** The partitions of a raw disk lie on it (GPT, else MBR): a disk that was cut off has its table at the start and not its end. */
export async function gptProblem(read: Read, size: number): Promise<string | undefined> {
  const start = await read(0, 512);
  const entries = [446, 462, 478, 494].map((at) => ({
    type: start.readUInt8(at + 4),
    first: start.readUInt32LE(at + 8),
    sectors: start.readUInt32LE(at + 12),
  }));
  if (!entries.some(({ type }) => type === protective)) {
    for (const [index, { type, first, sectors }] of entries.entries()) {
      if (type !== 0 && sectors > 0 && (first + sectors) * 512 > size) {
        return `partition ${index + 1} ends at byte ${(first + sectors) * 512}, and the disk has ${size}`;
      }
    }
    return undefined;
  }
  for (const sector of [512, 4096]) {
    const header = await read(sector, 512);
    if (header.toString("latin1", 0, 8) === "EFI PART") return await gptEntries(read, size, header, sector);
  }
  return "its partition table (GPT) is missing behind the protective one";
}

async function gptEntries(read: Read, size: number, header: Buffer, sector: number): Promise<string | undefined> {
  if (header.length < headerFields) return "its partition table (GPT) is cut off";
  const sectors = Math.floor(size / sector);
  const table = Number(header.readBigUInt64LE(72)) * sector;
  const [count, bytes] = [header.readUInt32LE(80), header.readUInt32LE(84)];
  if (count > maxEntries || bytes < 128 || bytes > 4096) return "its partition table (GPT) has entries that are not usable";
  if (table + count * bytes > size) return "its partition table (GPT) lies outside the disk";
  const entries = await read(table, count * bytes);
  for (let index = 0; index < count && (index + 1) * bytes <= entries.length; index += 1) {
    const entry = entries.subarray(index * bytes, index * bytes + 48);
    if (entry.subarray(0, 16).every((byte) => byte === 0)) continue;
    const last = Number(entry.readBigUInt64LE(40));
    if (last >= sectors) return `partition ${index + 1} ends at byte ${(last + 1) * sector}, and the disk has ${size}`;
  }
  return undefined;
}
