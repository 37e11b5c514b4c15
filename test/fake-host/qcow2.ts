import { createHash } from "node:crypto";
import { type Content, emptySparse, readSparse, type Sparse, writeSparse } from "./sparse.ts";

const clusterBytes = 65_536;
const pointer = 0x00ff_ffff_ffff_fe00n;
const standard = 1n << 63n;

/** What is looked at in a qcow2 file. */
export interface Qcow2 {
  readonly virtualSize: number;
  readonly backing: string | undefined;
  readonly backingFormat: string | undefined;
  /** Of an encrypted one: what its passphrase is known by. */
  readonly key: string | undefined;
}

/** What stands in an encrypted file for its passphrase here. */
export function digestOfPassphrase(passphrase: string): string {
  return createHash("sha256").update(passphrase).digest("hex");
}

/** Where it stands: behind the header and the name of a backing file. */
const keyAt = 4000;

/** A qcow2 file, version 3, as qemu-img makes it: header, reference counts, L1 and L2 tables, data. Real readers accept it. */
export function makeQcow2(options: {
  readonly size: number;
  readonly backing?: { readonly path: string; readonly format: string };
  /** What the guest sees from its first byte on. */
  readonly data?: Uint8Array;
  readonly passphrase?: string;
}): Sparse {
  const data = options.data ?? Buffer.alloc(0);
  const dataClusters = Math.ceil(data.length / clusterBytes);
  const l1Entries = Math.max(1, Math.ceil(options.size / (clusterBytes * (clusterBytes / 8))));
  if (dataClusters > clusterBytes / 8) throw new RangeError("this machine writes qcow2 files with at most 512 MiB of data");
  if (l1Entries > clusterBytes / 8) throw new RangeError("this machine writes qcow2 files of at most 4 TiB");
  // Clusters: 0 header, 1 reference table, 2 reference counts, 3 L1, then (with data) 4 L2 and from 5 the data.
  const clusters = 4 + (dataClusters === 0 ? 0 : 1 + dataClusters);
  const file = emptySparse(dataClusters === 0 ? 3 * clusterBytes + l1Entries * 8 : clusters * clusterBytes);
  const start = header(options.size, l1Entries, options.backing);
  if (options.passphrase !== undefined) {
    start.writeUInt32BE(2, 32);
    start.write(digestOfPassphrase(options.passphrase), keyAt, "latin1");
  }
  writeSparse(file, 0, start);
  const entry = (offset: number, value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(value);
    writeSparse(file, offset, bytes);
  };
  entry(clusterBytes, BigInt(2 * clusterBytes));
  const counts = Buffer.alloc(clusters * 2);
  for (let number = 0; number < clusters; number += 1) counts.writeUInt16BE(1, number * 2);
  writeSparse(file, 2 * clusterBytes, counts);
  entry(3 * clusterBytes, dataClusters === 0 ? 0n : BigInt(4 * clusterBytes) | standard);
  for (let number = 0; number < dataClusters; number += 1)
    entry(4 * clusterBytes + number * 8, BigInt((5 + number) * clusterBytes) | standard);
  writeSparse(file, 5 * clusterBytes - (dataClusters === 0 ? 5 * clusterBytes : 0), dataClusters === 0 ? Buffer.alloc(0) : data);
  return file;
}

function header(size: number, l1Entries: number, backing: { readonly path: string; readonly format: string } | undefined): Buffer {
  const bytes = Buffer.alloc(4096);
  bytes.write("QFI\xfb", 0, "latin1");
  bytes.writeUInt32BE(3, 4);
  bytes.writeUInt32BE(16, 20);
  bytes.writeBigUInt64BE(BigInt(size), 24);
  bytes.writeUInt32BE(l1Entries, 36);
  bytes.writeBigUInt64BE(BigInt(3 * clusterBytes), 40);
  bytes.writeBigUInt64BE(BigInt(clusterBytes), 48);
  bytes.writeUInt32BE(1, 56);
  bytes.writeUInt32BE(4, 96);
  bytes.writeUInt32BE(112, 100);
  let end = 112;
  if (backing !== undefined) {
    bytes.writeUInt32BE(0xe2792aca, end);
    bytes.writeUInt32BE(backing.format.length, end + 4);
    bytes.write(backing.format, end + 8, "latin1");
    end += 8 + Math.ceil(backing.format.length / 8) * 8;
    end += 8;
    bytes.writeBigUInt64BE(BigInt(end), 8);
    bytes.writeUInt32BE(Buffer.byteLength(backing.path), 16);
    bytes.write(backing.path, end, "utf8");
  }
  return bytes;
}

/** Reads what is needed of a header; undefined when it is no qcow2 file. */
export function readQcow2(file: Content): Qcow2 | undefined {
  const bytes = readSparse(file, 0, 4096);
  if (bytes.length < 104 || bytes.toString("latin1", 0, 4) !== "QFI\xfb") return undefined;
  const backingOffset = Number(bytes.readBigUInt64BE(8));
  const backing = backingOffset === 0 ? undefined : bytes.toString("utf8", backingOffset, backingOffset + bytes.readUInt32BE(16));
  const headerLength = bytes.readUInt32BE(4) === 2 ? 72 : bytes.readUInt32BE(100);
  let backingFormat: string | undefined;
  for (let at = headerLength; at + 8 <= bytes.length && bytes.readUInt32BE(at) !== 0; ) {
    const length = bytes.readUInt32BE(at + 4);
    if (bytes.readUInt32BE(at) === 0xe2792aca) backingFormat = bytes.toString("latin1", at + 8, at + 8 + length);
    at += 8 + Math.ceil(length / 8) * 8;
  }
  const key = bytes.readUInt32BE(32) === 0 ? undefined : bytes.toString("latin1", keyAt, keyAt + 64);
  return { virtualSize: Number(bytes.readBigUInt64BE(24)), backing, backingFormat, key };
}

/** Gives a qcow2 file another virtual size. */
export function resizeQcow2(file: Sparse, size: number): void {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(size));
  writeSparse(file, 24, bytes);
  const entries = Math.max(1, Math.ceil(size / (clusterBytes * (clusterBytes / 8))));
  const count = Buffer.alloc(4);
  count.writeUInt32BE(entries);
  writeSparse(file, 36, count);
  if (file.size < 3 * clusterBytes + entries * 8) file.size = 3 * clusterBytes + entries * 8;
}

/** What a guest would see that had this file alone: raw content of the virtual size. `below` is the backing file's. */
export function rawOfQcow2(file: Content, below: Content | undefined): Sparse {
  const size = readQcow2(file)?.virtualSize ?? 0;
  const raw = emptySparse(size);
  if (below !== undefined) for (const [number, chunk] of below.chunks) if (number * 4096 < size) raw.chunks.set(number, chunk);
  const start = readSparse(file, 0, 104);
  const clusterSize = 2 ** start.readUInt32BE(20);
  const l1 = readSparse(file, Number(start.readBigUInt64BE(40)), start.readUInt32BE(36) * 8);
  for (let upper = 0; upper + 8 <= l1.length; upper += 8) {
    const l2Offset = l1.readBigUInt64BE(upper) & pointer;
    if (l2Offset === 0n) continue;
    const l2 = readSparse(file, Number(l2Offset), clusterSize);
    for (let lower = 0; lower + 8 <= l2.length; lower += 8) {
      const at = Number(l2.readBigUInt64BE(lower) & pointer);
      if (at === 0) continue;
      const offset = ((upper / 8) * (clusterSize / 8) + lower / 8) * clusterSize;
      if (offset < size) writeSparse(raw, offset, readSparse(file, at, Math.min(clusterSize, size - offset)));
    }
  }
  raw.size = size;
  return raw;
}
