/** Bytes of one logical sector; every extent starts on such a boundary. */
export const sectorSize = 2048;

/** Where something lies on the volume: first sector and length in bytes. */
export interface Extent {
  readonly sector: number;
  readonly bytes: number;
}

/** A number that the format wants twice, little-endian and then big-endian (ECMA-119 7.2.3, 7.3.3). */
export function both16(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(value, 0);
  bytes.writeUInt16BE(value, 2);
  return bytes;
}

export function both32(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value, 0);
  bytes.writeUInt32BE(value, 4);
  return bytes;
}

/** 1 January 1980, 00:00 UTC, everywhere: an image depends on nothing but its content. */
const recordingDate = Buffer.from([80, 1, 1, 0, 0, 0, 0]);

/** An entry of a directory, but for where it lies; `systemUse` is the Rock Ridge part. */
export interface Entry {
  readonly identifier: Buffer;
  readonly directory: boolean;
  readonly systemUse: Buffer;
}

/** Bytes before the identifier of an entry. */
const fixedBytes = 33;
const wholeWords = (bytes: number) => bytes + (bytes % 2);

/** Bytes of an entry of a directory. Throws a RangeError beyond 255. */
export function directoryRecordBytes({ identifier, systemUse }: Entry): number {
  const length = wholeWords(wholeWords(fixedBytes + identifier.length) + systemUse.length);
  if (length > 255) throw new RangeError(`a directory record of ${length} bytes does not fit into 255`);
  return length;
}

/** Writes one entry of a directory (ECMA-119 9.1) into zeroed bytes and returns where it ends. */
export function writeDirectoryRecord(bytes: Buffer, offset: number, entry: Entry, extent: Extent): number {
  const { identifier, directory, systemUse } = entry;
  const length = directoryRecordBytes(entry);
  bytes[offset] = length;
  for (const [place, value] of [
    [2, extent.sector],
    [10, extent.bytes],
  ] as const) {
    bytes.writeUInt32LE(value, offset + place);
    bytes.writeUInt32BE(value, offset + place + 4);
  }
  recordingDate.copy(bytes, offset + 18);
  bytes[offset + 25] = directory ? 2 : 0;
  // The number of the volume in its set.
  bytes[offset + 28] = 1;
  bytes[offset + 31] = 1;
  bytes[offset + 32] = identifier.length;
  identifier.copy(bytes, offset + fixedBytes);
  systemUse.copy(bytes, offset + wholeWords(fixedBytes + identifier.length));
  return offset + length;
}

/** One entry of a path table (ECMA-119 9.4). Parents count from one. */
export function pathTableRecord(identifier: Buffer, sector: number, parent: number, endian: "little" | "big"): Buffer {
  const record = Buffer.alloc(8 + identifier.length + (identifier.length % 2));
  record[0] = identifier.length;
  if (endian === "little") {
    record.writeUInt32LE(sector, 2);
    record.writeUInt16LE(parent, 6);
  } else {
    record.writeUInt32BE(sector, 2);
    record.writeUInt16BE(parent, 6);
  }
  identifier.copy(record, 8);
  return record;
}

/** What a volume descriptor says. `text` pads a field in the volume's own character set. */
export interface Volume {
  readonly type: "primary" | "joliet";
  readonly label: string;
  readonly text: (value: string, bytes: number) => Buffer;
  /** Sectors of the whole image. */
  readonly sectors: number;
  readonly pathTableBytes: number;
  readonly littleTable: number;
  readonly bigTable: number;
  readonly root: Extent;
}

/** A primary or supplementary volume descriptor (ECMA-119 8.4, 8.5). Its four dates say "not specified". */
export function volumeDescriptor(volume: Volume): Buffer {
  const sector = Buffer.alloc(sectorSize);
  const put = (offset: number, bytes: Buffer) => bytes.copy(sector, offset);
  put(0, Buffer.from([volume.type === "primary" ? 1 : 2]));
  put(1, Buffer.from("CD001\x01"));
  put(8, volume.text("", 32));
  put(40, volume.text(volume.label, 32));
  put(80, both32(volume.sectors));
  // UCS-2 level 3 marks a supplementary descriptor as Joliet.
  if (volume.type === "joliet") put(88, Buffer.from("%/E"));
  put(120, both16(1));
  put(124, both16(1));
  put(128, both16(sectorSize));
  put(132, both32(volume.pathTableBytes));
  sector.writeUInt32LE(volume.littleTable, 140);
  sector.writeUInt32BE(volume.bigTable, 148);
  writeDirectoryRecord(sector, 156, { identifier: Buffer.alloc(1), directory: true, systemUse: Buffer.alloc(0) }, volume.root);
  for (const offset of [190, 318, 446, 574]) put(offset, volume.text("", 128));
  for (const offset of [702, 739, 776]) put(offset, volume.text("", 37));
  for (const offset of [813, 830, 847, 864]) put(offset, Buffer.from(`${"0".repeat(16)}\0`));
  put(881, Buffer.from([1]));
  return sector;
}

/** Ends the list of descriptors (ECMA-119 8.3). */
export function terminator(): Buffer {
  const sector = Buffer.alloc(sectorSize);
  Buffer.from("\xffCD001\x01", "latin1").copy(sector);
  return sector;
}
