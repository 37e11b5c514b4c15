import type { Finding, Read } from "./finding.ts";

const sector = 512;
const protective = 0xee;

/** Nova FET-19, GPT or MBR: the boot signature and entries that make sense. A FAT boot sector has the signature too. */
export async function detectPartitionTable(read: Read, size: number): Promise<Finding | undefined> {
  const start = await read(0, sector);
  if (start.length < sector || start.readUInt16LE(510) !== 0xaa55 || isFat(start)) return undefined;
  const entries = [446, 462, 478, 494]
    .map((at) => start.subarray(at, at + 16))
    .map((entry) => ({
      flag: entry.readUInt8(0),
      type: entry.readUInt8(4),
      firstSector: entry.readUInt32LE(8),
    }));
  if (entries.some(({ flag }) => flag !== 0 && flag !== 0x80)) return undefined;
  const used = entries.filter(({ type }) => type !== 0);
  const guard = used.find(({ type }) => type === protective);
  if (used.length === 0 || (guard !== undefined && (used.length > 1 || guard.firstSector !== 1))) return undefined;
  return { format: "gpt", virtualSize: size };
}

/** A jump instruction, two allocation tables and a media byte, where a FAT file system has them. */
function isFat(start: Buffer): boolean {
  return [0xeb, 0xe9].includes(start.readUInt8(0)) && start.readUInt8(16) === 2 && start.readUInt8(21) >= 0xf0;
}
