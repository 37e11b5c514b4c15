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

/** One entry of a directory (ECMA-119 9.1), `systemUse` being the Rock Ridge part. Throws a RangeError beyond 255 bytes. */
export function directoryRecord(entry: { identifier: Buffer; extent: Extent; directory: boolean; systemUse: Buffer }): Buffer {
  const { identifier, extent, directory, systemUse } = entry;
  const padding = Buffer.alloc(1 - (identifier.length % 2));
  const body = Buffer.concat([
    both32(extent.sector),
    both32(extent.bytes),
    recordingDate,
    Buffer.from([directory ? 2 : 0, 0, 0]),
    both16(1),
    Buffer.from([identifier.length]),
    identifier,
    padding,
    systemUse,
  ]);
  const length = 2 + body.length + (body.length % 2);
  if (length > 255) throw new RangeError(`a directory record of ${length} bytes does not fit into 255`);
  const record = Buffer.alloc(length);
  record[0] = length;
  body.copy(record, 2);
  return record;
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
  put(156, directoryRecord({ identifier: Buffer.alloc(1), extent: volume.root, directory: true, systemUse: Buffer.alloc(0) }));
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
