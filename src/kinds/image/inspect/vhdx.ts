import { type Finding, malformed, type Read, refused } from "./finding.ts";

const kib = 1024;
const regionTables = [192 * kib, 256 * kib];
const maxMetadata = 2 ** 20;
const metadataRegion = "8b7ca206-4790-4b9a-b8fe-575f050f886e";
const fileParameters = "caa16737-fa36-4d43-b3b6-33f0aa44e76b";
const diskSize = "2fa54224-cd1b-4876-b211-5dbed83bf4b8";
const hasParentBit = 2;

/** Nova FET-19, VHDX: the size and whether there is a parent stand in its metadata region. */
export async function detectVhdx(read: Read, size: number): Promise<Finding | undefined> {
  if ((await read(0, 8)).toString("latin1") !== "vhdxfile") return undefined;
  for (const at of regionTables) {
    const region = findRegion(await read(at, 64 * kib));
    if (region !== undefined)
      return inspectMetadata(await read(region.offset, Math.min(region.length, maxMetadata)), region.offset + region.length <= size);
  }
  return malformed("vhdx", "it has no metadata");
}

function findRegion(table: Buffer): { offset: number; length: number } | undefined {
  if (table.toString("latin1", 0, 4) !== "regi" || table.length < 16) return undefined;
  const entries = Math.min(table.readUInt32LE(8), 2047);
  for (let index = 0; index < entries && 16 + (index + 1) * 32 <= table.length; index += 1) {
    const at = 16 + index * 32;
    if (guid(table, at) !== metadataRegion) continue;
    const offset = Number(table.readBigUInt64LE(at + 16));
    return Number.isSafeInteger(offset) ? { offset, length: table.readUInt32LE(at + 24) } : undefined;
  }
  return undefined;
}

function inspectMetadata(metadata: Buffer, inside: boolean): Finding {
  if (!inside || metadata.length < 64 * kib || metadata.toString("latin1", 0, 8) !== "metadata")
    return malformed("vhdx", "its metadata is cut off");
  const items = new Map<string, Buffer>();
  const entries = Math.min(metadata.readUInt16LE(10), 2047);
  for (let index = 0; index < entries; index += 1) {
    const at = 32 + index * 32;
    const offset = metadata.readUInt32LE(at + 16);
    if (offset + 8 <= metadata.length) items.set(guid(metadata, at), metadata.subarray(offset, offset + 8));
  }
  const parameters = items.get(fileParameters);
  const bytes = items.get(diskSize);
  if (parameters === undefined || bytes === undefined) return malformed("vhdx", "its metadata lacks the size or the parameters");
  if ((parameters.readUInt32LE(4) & hasParentBit) !== 0) {
    return refused("vhdx", "image-has-backing-file", "The VHDX holds only differences from a parent disk", "Merge it where it was made.");
  }
  return { format: "vhdx", virtualSize: Number(bytes.readBigUInt64LE(0)) };
}

/** Microsoft's byte order: the first three groups are little-endian. */
function guid(bytes: Buffer, at: number): string {
  const hex = bytes.toString("hex", at, at + 16);
  const swap = (text: string) => (text.match(/../g) ?? []).reverse().join("");
  return [swap(hex.slice(0, 8)), swap(hex.slice(8, 12)), swap(hex.slice(12, 16)), hex.slice(16, 20), hex.slice(20)].join("-");
}
