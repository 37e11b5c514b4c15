import type { ReadPart } from "./read-part.ts";

/** A directory or a file that is longer is not read. */
const mostBytes = 256 * 1024;
const entryBytes = 32;

/** Where things are in an image, in bytes, and its table of clusters. */
interface Fat16 {
  readonly read: ReadPart;
  readonly root: { readonly offset: number; readonly length: number };
  /** Of cluster 2, the first one. */
  readonly data: number;
  readonly clusterBytes: number;
  /** Entries of 16 bits: the cluster that follows each one. */
  readonly table: Buffer;
}

/**
 * The content of one file of a FAT16 image, as `writeVfatImage` makes them, by its path with slashes. Undefined where it is missing, is longer than
 * 256 KiB, or the image is damaged or another FAT.
 */
export async function readVfatFile(read: ReadPart, path: string): Promise<Buffer | undefined> {
  const fat = await openFat16(read);
  if (fat === undefined) return undefined;
  let content: Buffer | undefined = await readWhole(read, fat.root);
  for (const name of path.split("/")) {
    const entry = content === undefined ? undefined : entryOf(content, name);
    content = entry === undefined ? undefined : await contentOf(fat, entry);
  }
  return content;
}

async function openFat16(read: ReadPart): Promise<Fat16 | undefined> {
  const boot = await readWhole(read, { offset: 0, length: 512 });
  if (boot?.readUInt16LE(510) !== 0xaa55) return undefined;
  const [sectorBytes, perCluster, reserved] = [boot.readUInt16LE(11), boot.readUInt8(13), boot.readUInt16LE(14)];
  const [tables, rootEntries, tableSectors] = [boot.readUInt8(16), boot.readUInt16LE(17), boot.readUInt16LE(22)];
  const sectors = boot.readUInt16LE(19) || boot.readUInt32LE(32);
  const clusterBytes = sectorBytes * perCluster;
  const root = { offset: (reserved + tables * tableSectors) * sectorBytes, length: rootEntries * entryBytes };
  const data = root.offset + Math.ceil(root.length / (sectorBytes || 1)) * sectorBytes;
  const clusters = clusterBytes === 0 ? 0 : Math.floor((sectors * sectorBytes - data) / clusterBytes);
  // The number of clusters alone decides which FAT it is.
  if (clusters < 4085 || clusters >= 65525 || root.length > mostBytes) return undefined;
  const table = await readWhole(read, { offset: reserved * sectorBytes, length: (clusters + 2) * 2 });
  return table === undefined ? undefined : { read, root, data, clusterBytes, table };
}

interface Entry {
  readonly cluster: number;
  /** Bytes; null of a directory, which ends with its last cluster. */
  readonly size: number | null;
}

/** The entry of a name in a directory. Case is ignored, as FAT does. */
function entryOf(directory: Buffer, name: string): Entry | undefined {
  const wanted = name.toLowerCase();
  let long = "";
  for (let at = 0; at + entryBytes <= directory.length; at += entryBytes) {
    const [first, kind] = [directory[at] ?? 0, directory[at + 11] ?? 0];
    if (first === 0) return undefined;
    if (kind === 0x0f) {
      // A long name comes in parts in front of its entry, the last part first.
      const part = [directory.subarray(at + 1, at + 11), directory.subarray(at + 14, at + 26), directory.subarray(at + 28, at + 32)];
      long = Buffer.concat(part).toString("utf16le") + ((first & 0x40) === 0 ? long : "");
      continue;
    }
    const names = [long.split("\0", 1)[0], shortName(directory.subarray(at, at + 11))];
    long = "";
    const isLabel = (kind & 0x08) !== 0;
    if (first === 0xe5 || isLabel || !names.some((one) => one?.toLowerCase() === wanted)) continue;
    return { cluster: directory.readUInt16LE(at + 26), size: (kind & 0x10) !== 0 ? null : directory.readUInt32LE(at + 28) };
  }
  return undefined;
}

function shortName(bytes: Buffer): string {
  const [base, extension] = [bytes.toString("latin1", 0, 8).trimEnd(), bytes.toString("latin1", 8, 11).trimEnd()];
  return extension === "" ? base : `${base}.${extension}`;
}

async function contentOf({ read, data, clusterBytes, table }: Fat16, { cluster, size }: Entry): Promise<Buffer | undefined> {
  if (size !== null && size > mostBytes) return undefined;
  const count = size === null ? Number.POSITIVE_INFINITY : Math.ceil(size / clusterBytes);
  const runs: { offset: number; length: number }[] = [];
  let next = cluster;
  for (let found = 0; found < count; found += 1) {
    if (size === null && next >= 0xfff8) break;
    // A table that is damaged can go in circles.
    if (next < 2 || next * 2 + 2 > table.length || (found + 1) * clusterBytes > mostBytes + clusterBytes) return undefined;
    const [offset, last] = [data + (next - 2) * clusterBytes, runs.at(-1)];
    if (last !== undefined && last.offset + last.length === offset) last.length += clusterBytes;
    else runs.push({ offset, length: clusterBytes });
    next = table.readUInt16LE(next * 2);
  }
  const parts = await Promise.all(runs.map((run) => readWhole(read, run)));
  if (parts.includes(undefined)) return undefined;
  const content = Buffer.concat(parts as Buffer[]);
  return size === null ? content : content.subarray(0, size);
}

async function readWhole(read: ReadPart, range: { readonly offset: number; readonly length: number }): Promise<Buffer | undefined> {
  const found = await read(range);
  return found?.length === range.length ? found : undefined;
}
