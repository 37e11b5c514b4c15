import { type Finding, malformed, type Read, refused } from "./finding.ts";

const headerBytes = 512;
const magic = 0xbeda107f;
const parentUuid = { start: 424, end: 440 };

/** Nova FET-19, VDI: dynamic or fixed, without a parent. */
export async function detectVdi(read: Read): Promise<Finding | undefined> {
  const start = await read(0, headerBytes);
  if (start.length < 68 || start.readUInt32LE(64) !== magic) return undefined;
  if (start.length < headerBytes) return malformed("vdi", "it is cut off");
  const type = start.readUInt32LE(76);
  const hasParent = start.subarray(parentUuid.start, parentUuid.end).some((byte) => byte !== 0);
  if (type === 4 || hasParent) {
    return refused("vdi", "image-has-backing-file", "The VDI holds only differences from a parent disk", "Merge it where it was made.");
  }
  if (type !== 1 && type !== 2) return malformed("vdi", `its type ${type} is none that is known`);
  return { format: "vdi", virtualSize: Number(start.readBigUInt64LE(368)) };
}
