import { type Finding, malformed, type Read } from "./finding.ts";

const headerBytes = 64;
const sectorBytes = 512n;
/** The first counts sectors in 32 bits, the second in 64. */
const [oldMagic, newMagic] = ["WithoutFreeSpace", "WithouFreSpacExt"];
const openedMagic = 0x746f6e59;

/** One expanded image of ploop, which qemu calls parallels (Nova PLOOP-01). Its header names no other file; a backing file would be named by a descriptor beside it. */
export async function detectPloop(read: Read): Promise<Finding | undefined> {
  const start = await read(0, headerBytes);
  const magic = start.toString("latin1", 0, 16);
  if (magic !== oldMagic && magic !== newMagic) return undefined;
  if (start.length < headerBytes) return malformed("ploop", "it is cut off");
  if (start.readUInt32LE(16) !== 2) return malformed("ploop", `its version ${start.readUInt32LE(16)} is none that is known`);
  if (start.readUInt32LE(44) === openedMagic) return malformed("ploop", "it was copied while it was open");
  const sectors = magic === oldMagic ? BigInt(start.readUInt32LE(36)) : start.readBigUInt64LE(36);
  const covered = BigInt(start.readUInt32LE(28)) * BigInt(start.readUInt32LE(32));
  if (covered < sectors) return malformed("ploop", "its table covers less than the disk");
  return { format: "ploop", virtualSize: Number(sectors * sectorBytes) };
}
