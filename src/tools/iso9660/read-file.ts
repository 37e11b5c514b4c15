import type { ReadPart } from "../read-part.ts";
import { type Extent, sectorSize } from "./records.ts";

/** A directory or a file that is longer is not read. */
const mostBytes = 256 * 1024;

/**
 * The content of one file of an ISO 9660 image with Joliet, by its path with slashes. Undefined where it is missing, is longer than 256 KiB, or the
 * image is damaged. Nothing else of the image is read.
 */
export async function readIsoFile(read: ReadPart, path: string): Promise<Buffer | undefined> {
  const descriptor = await read({ offset: 17 * sectorSize, length: sectorSize });
  if (descriptor?.length !== sectorSize || descriptor[0] !== 2 || descriptor.toString("latin1", 1, 6) !== "CD001") return undefined;
  let extent: Extent | undefined = { sector: descriptor.readUInt32LE(158), bytes: descriptor.readUInt32LE(166) };
  for (const name of path.split("/")) {
    const directory: Buffer | undefined = await readExtent(read, extent);
    extent = directory === undefined ? undefined : entryOf(directory, name);
    if (extent === undefined) return undefined;
  }
  return readExtent(read, extent);
}

async function readExtent(read: ReadPart, { sector, bytes }: Extent): Promise<Buffer | undefined> {
  if (bytes > mostBytes) return undefined;
  if (bytes === 0) return Buffer.alloc(0);
  const found = await read({ offset: sector * sectorSize, length: bytes });
  return found?.length === bytes ? found : undefined;
}

/** Where the entry of a name lies (ECMA-119 9.1). Records do not cross a sector; the rest of one is zero. */
function entryOf(directory: Buffer, name: string): Extent | undefined {
  for (let offset = 0; offset + 34 <= directory.length; ) {
    const length = directory[offset] ?? 0;
    if (length === 0) {
      offset = (Math.floor(offset / sectorSize) + 1) * sectorSize;
      continue;
    }
    const end = offset + 33 + (directory[offset + 32] ?? 0);
    if (length < 34 || end > directory.length || end > offset + length) return undefined;
    const identifier = Buffer.from(directory.subarray(offset + 33, end));
    // Joliet writes names in big-endian UCS-2; the roots of the tree have a name of one byte.
    const text = identifier.length % 2 === 0 ? identifier.swap16().toString("utf16le") : "";
    if (text.replace(/;1$/, "") === name) return { sector: directory.readUInt32LE(offset + 2), bytes: directory.readUInt32LE(offset + 10) };
    offset += length;
  }
  return undefined;
}
