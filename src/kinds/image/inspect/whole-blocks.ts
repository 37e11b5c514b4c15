import type { Read } from "./finding.ts";
import { vhdxMetadata } from "./vhdx-metadata.ts";
import { vhdxRegion } from "./vhdx-region.ts";
import { maxTableBytes, scanTable } from "./whole-table.ts";

const mebibyte = 2 ** 20;
const sector = 512;

/** Every block of a VDI lies in its file. */
export async function vdiProblem(read: Read, size: number): Promise<string | undefined> {
  const header = await read(0, sector);
  const [map, data] = [header.readUInt32LE(340), header.readUInt32LE(344)];
  const [blockSize, blocks] = [header.readUInt32LE(376), header.readUInt32LE(384)];
  if (blockSize !== mebibyte) return `its blocks have ${blockSize} bytes instead of ${mebibyte}`;
  if (map + blocks * 4 > size) return "its block map lies outside the file";
  if (blocks * 4 > maxTableBytes) return undefined;
  const disk = Number(header.readBigUInt64LE(368));
  let start = 0;
  const found = await scanTable(read, map, blocks * 4, (part) => {
    for (let at = 0; at < part.length; at += 4, start += blockSize) {
      const block = part.readUInt32LE(at);
      const needed = Math.max(1, Math.min(blockSize, disk - start));
      // The two highest values stand for blocks that were never written, or are zeros.
      if (block < 0xfffffffe && data + block * blockSize + needed > size) return `block ${block} lies outside the file of ${size} bytes`;
    }
    return undefined;
  });
  return found === "short" ? "its block map is cut off" : found;
}

/** Every block of a dynamic VHD lies in its file; a fixed one is as long as its disk. */
export async function vhdProblem(read: Read, size: number): Promise<string | undefined> {
  const start = await read(0, sector);
  if (start.toString("latin1", 0, 8) !== "conectix") {
    const footer = await read(size - sector, sector);
    const bytes = Number(footer.readBigUInt64BE(48));
    return bytes > size ? `the disk has ${bytes} bytes and the file ${size}` : undefined;
  }
  const footer = (await read(size - sector, sector)).toString("latin1", 0, 8);
  if (footer !== "conectix") return "the footer at its end is missing";
  const dynamicAt = Number(start.readBigUInt64BE(16));
  if (dynamicAt + 1024 > size) return "its dynamic header lies outside the file";
  const dynamic = await read(dynamicAt, 1024);
  if (dynamic.toString("latin1", 0, 8) !== "cxsparse") return "its dynamic header is missing";
  const [table, entries, blockSize] = [Number(dynamic.readBigUInt64BE(16)), dynamic.readUInt32BE(28), dynamic.readUInt32BE(32)];
  if (blockSize < sector || blockSize > 2 ** 28) return `its blocks have ${blockSize} bytes`;
  if (table + entries * 4 > size) return "its block table lies outside the file";
  if (entries * 4 > maxTableBytes) return undefined;
  const bitmap = Math.ceil(blockSize / sector / 8 / sector) * sector;
  const found = await scanTable(read, table, entries * 4, (part) => {
    for (let at = 0; at < part.length; at += 4) {
      const block = part.readUInt32BE(at);
      if (block !== 0xffffffff && block * sector + bitmap + blockSize > size)
        return `a block at byte ${block * sector} lies outside the file`;
    }
    return undefined;
  });
  return found === "short" ? "its block table is cut off" : found;
}

/** Every payload block of a VHDX lies in its file. */
export async function vhdxProblem(read: Read, size: number): Promise<string | undefined> {
  const [region, metadata] = [await vhdxRegion(read, "blocks"), await vhdxMetadata(read, size)];
  if (typeof metadata === "string") return metadata;
  if (region === undefined) return "its block allocation table is missing";
  const { offset, length } = region;
  if (offset + length > size) return "its block allocation table lies outside the file";
  if (length > maxTableBytes) return undefined;
  const found = await scanTable(read, offset, length, (part) => {
    for (let at = 0; at + 8 <= part.length; at += 8) {
      const entry = part.readBigUInt64LE(at);
      // Only in these states does a block have bytes: fully or partially present.
      const state = Number(entry & 7n);
      const block = Number(entry >> 20n) * mebibyte;
      if ((state === 6 || state === 7) && block + metadata.blockSize > size)
        return `a block at byte ${block} lies outside the file of ${size} bytes`;
    }
    return undefined;
  });
  return found === "short" ? "its block allocation table is cut off" : found;
}

/** Every cluster of an expanded image of ploop lies in its file. */
export async function ploopProblem(read: Read, size: number): Promise<string | undefined> {
  const header = await read(0, 64);
  const cluster = header.readUInt32LE(28) * sector;
  const entries = header.readUInt32LE(32);
  // In the older form the table counts sectors, in the newer one clusters.
  const unit = header.toString("latin1", 0, 16) === "WithouFreSpacExt" ? cluster : sector;
  if (64 + entries * 4 > size) return "its table lies outside the file";
  if (entries * 4 > maxTableBytes) return undefined;
  const disk = Number(header.readBigUInt64LE(36) & (unit === cluster ? ~0n : 0xffffffffn)) * sector;
  let position = 0;
  const found = await scanTable(read, 64, entries * 4, (part) => {
    for (let at = 0; at < part.length; at += 4, position += cluster) {
      const start = part.readUInt32LE(at) * unit;
      const needed = Math.max(1, Math.min(cluster, disk - position));
      if (start !== 0 && start + needed > size) return `a cluster at byte ${start} lies outside the file of ${size} bytes`;
    }
    return undefined;
  });
  return found === "short" ? "its table is cut off" : found;
}
