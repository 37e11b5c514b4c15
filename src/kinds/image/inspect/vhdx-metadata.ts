import type { Read } from "./finding.ts";
import { vhdxRegion } from "./vhdx-region.ts";

const maxMetadata = 2 ** 20;
const leastMetadata = 64 * 1024;
/** The GUIDs of items as they are written: caa16737-fa36-4d43-b3b6-33f0aa44e76b and 2fa54224-cd1b-4876-b211-5dbed83bf4b8. */
const fileParameters = "3767a1ca36fa434db3b633f0aa44e76b";
const diskSize = "2442a52f1bcd7648b2115dbed83bf4b8";
const hasParentBit = 2;

/** What the metadata of a VHDX says. Sizes are bytes. */
export interface VhdxMetadata {
  readonly blockSize: number;
  readonly virtualSize: number;
  readonly hasParent: boolean;
}

/** Reads the metadata of a VHDX; a sentence when it cannot be used. */
export async function vhdxMetadata(read: Read, size: number): Promise<VhdxMetadata | string> {
  const region = await vhdxRegion(read, "metadata");
  if (region === undefined) return "it has no metadata";
  const metadata = await read(region.offset, Math.min(region.length, maxMetadata));
  const inside = region.offset + region.length <= size;
  if (!inside || metadata.length < leastMetadata || metadata.toString("latin1", 0, 8) !== "metadata") return "its metadata is cut off";
  const items = new Map<string, Buffer>();
  const entries = Math.min(metadata.readUInt16LE(10), 2047);
  for (let index = 0; index < entries; index += 1) {
    const at = 32 + index * 32;
    const offset = metadata.readUInt32LE(at + 16);
    if (offset + 8 <= metadata.length) items.set(metadata.toString("hex", at, at + 16), metadata.subarray(offset, offset + 8));
  }
  const parameters = items.get(fileParameters);
  const bytes = items.get(diskSize);
  if (parameters === undefined || bytes === undefined) return "its metadata lacks the size or the parameters";
  return {
    blockSize: parameters.readUInt32LE(0),
    virtualSize: Number(bytes.readBigUInt64LE(0)),
    hasParent: (parameters.readUInt32LE(4) & hasParentBit) !== 0,
  };
}
