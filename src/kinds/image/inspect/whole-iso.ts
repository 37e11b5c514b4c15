import type { Read } from "./finding.ts";

/** Sector 16, of 2048 bytes, holds the primary volume descriptor. */
const descriptorAt = 16 * 2048;
const primary = 1;

/** A CD is as long as its primary volume descriptor says (ISO 9660, 8.4.8); one of UDF alone has no such descriptor. */
export async function isoProblem(read: Read, size: number): Promise<string | undefined> {
  const descriptor = await read(descriptorAt, 132);
  if (descriptor.toString("latin1", 1, 6) !== "CD001" || descriptor.readUInt8(0) !== primary) return undefined;
  if (descriptor.length < 132) return "its volume descriptor is cut off";
  const blocks = descriptor.readUInt32LE(80);
  const blockSize = descriptor.readUInt16LE(128);
  // Both numbers are there in both byte orders.
  if (blocks !== descriptor.readUInt32BE(84) || blockSize !== descriptor.readUInt16BE(130)) return "its volume descriptor is damaged";
  return blocks * blockSize > size ? `the CD has ${blocks * blockSize} bytes and the file ${size}` : undefined;
}
