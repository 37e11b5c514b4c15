/** What the header of a qcow2 file says. Sizes and offsets are bytes. Nothing in it has been followed. */
export interface Qcow2Header {
  readonly version: 2 | 3;
  readonly virtualSize: number;
  readonly clusterSize: number;
  /** 0: none, 1: AES, 2: LUKS. */
  readonly encryption: number;
  readonly l1Offset: number;
  readonly l1Entries: number;
  /** Bits that a reader must understand (version 3). */
  readonly incompatible: bigint;
  /** An external data file holds the clusters, by feature bit or by header extension. */
  readonly dataFile: boolean;
  /** The name of that file, where the header holds it within the bytes given. */
  readonly dataFileName?: string;
  /** Where the name of the backing file stands; undefined where there is none. */
  readonly backingAt?: { readonly offset: number; readonly length: number };
  /** The name itself; undefined also when it lies beyond the bytes given. */
  readonly backing?: string;
  readonly backingFormat?: string;
  /** It has the mark of an overlay that virtform made (`markedQcow2`). */
  readonly marked?: true;
}

/** A header, or why it is none that can be trusted. */
export type Qcow2Reading =
  | { readonly header: Qcow2Header; readonly problem?: undefined }
  | { readonly header?: undefined; readonly problem: string };

const magic = Buffer.from("QFI\xfb", "latin1");
const endOfExtensions = 0;
const backingFormatExtension = 0xe2792aca;
const dataFileExtension = 0x44415441;
/** The extension by which virtform marks the overlays that it makes. Programs that do not know it keep it when they rewrite the header. */
export const markExtension = 0x7674666d;
const dataFileBit = 4n;

/** Longest backing file name that qemu accepts. */
const maxBackingName = 1023;

/** Bytes from the start of a file that hold a header as qemu writes it, with all that is asked of it here. */
export const qcow2HeaderBytes = 4096;

/** Whether the file says it is qcow2 (of any version). */
export function isQcow2(start: Buffer): boolean {
  return start.length >= 4 && start.subarray(0, 4).equals(magic);
}

/**
 * Reads a qcow2 header from the first bytes of a file (Nova FET-19). Pure and bounds-checked; undefined when the file does
 * not say that it is qcow2. A `problem` means that qemu would refuse it too, or should.
 */
export function readQcow2Header(start: Buffer): Qcow2Reading | undefined {
  if (!isQcow2(start)) return undefined;
  if (start.length < 72) return { problem: "the header is cut off" };
  const version = start.readUInt32BE(4);
  if (version === 1) return { problem: "it is of version 1 (qcow); convert it: qemu-img convert -f qcow -O qcow2 IN OUT" };
  if (version !== 2 && version !== 3) return { problem: `version ${version} is not known` };
  const clusterBits = start.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21) return { problem: `cluster_bits is ${clusterBits}, outside 9 to 21` };
  const clusterSize = 2 ** clusterBits;
  if (version === 3 && start.length < 104) return { problem: "the header is cut off" };
  const headerLength = version === 2 ? 72 : start.readUInt32BE(100);
  if (headerLength < (version === 2 ? 72 : 104) || headerLength > clusterSize)
    return { problem: `the header claims ${headerLength} bytes` };
  if (version === 3 && start.readUInt32BE(96) > 6) return { problem: "the width of its reference counts is none that is known" };
  const incompatible = version === 2 ? 0n : start.readBigUInt64BE(72);

  const virtualSize = Number(start.readBigUInt64BE(24));
  const l1Offset = Number(start.readBigUInt64BE(40));
  const backingOffset = Number(start.readBigUInt64BE(8));
  const backingLength = start.readUInt32BE(16);
  if (![virtualSize, l1Offset, backingOffset].every(Number.isSafeInteger)) return { problem: "sizes or offsets in its header are absurd" };
  if (backingOffset !== 0 && (backingLength > maxBackingName || backingOffset + backingLength > clusterSize)) {
    return { problem: "the name of its backing file lies outside the first cluster" };
  }

  const extensions = readExtensions(start, headerLength, backingOffset === 0 ? clusterSize : backingOffset);
  if (extensions.problem !== undefined) return { problem: extensions.problem };
  const named = backingOffset !== 0 && backingLength > 0 && backingOffset + backingLength <= start.length;
  return {
    header: {
      version,
      virtualSize,
      clusterSize,
      encryption: start.readUInt32BE(32),
      l1Offset,
      l1Entries: start.readUInt32BE(36),
      incompatible,
      dataFile: (incompatible & dataFileBit) !== 0n || extensions.dataFile,
      ...(backingOffset === 0 ? {} : { backingAt: { offset: backingOffset, length: backingLength } }),
      ...(named ? { backing: start.toString("utf8", backingOffset, backingOffset + backingLength) } : {}),
      ...(extensions.dataFileName === undefined ? {} : { dataFileName: extensions.dataFileName }),
      ...(extensions.marked === true ? { marked: true } : {}),
      ...(extensions.backingFormat === undefined ? {} : { backingFormat: extensions.backingFormat }),
    },
  };
}

interface Extensions {
  problem?: string;
  dataFile: boolean;
  dataFileName?: string;
  backingFormat?: string;
  marked?: true;
}

/** Walks the header extensions as far as the bytes given reach. */
function readExtensions(start: Buffer, from: number, end: number): Extensions {
  const found: Extensions = { dataFile: false };
  const limit = Math.min(end, start.length);
  for (let at = from; at + 8 <= limit; ) {
    const type = start.readUInt32BE(at);
    const length = start.readUInt32BE(at + 4);
    if (type === endOfExtensions) break;
    if (at + 8 + length > end) return { ...found, problem: "a header extension reaches beyond the header" };
    const text = at + 8 + length <= start.length ? start.toString("utf8", at + 8, at + 8 + length) : undefined;
    if (type === dataFileExtension) {
      found.dataFile = true;
      if (text !== undefined) found.dataFileName = text;
    }
    if (type === markExtension) found.marked = true;
    if (type === backingFormatExtension && text !== undefined) found.backingFormat = text;
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return found;
}
