import { digestOfPassphrase } from "./qcow2.ts";
import { type Content, emptySparse, readSparse, type Sparse, truncateSparse, writeSparse } from "./sparse.ts";

/** Where the content of QEMU's containers begins. */
const contentAt = 4040 * 512;

/** Where a digest of the passphrase stands in the header, in place of key slots. */
const keyAt = 208;

/** What is looked at in a LUKS container. */
export interface Luks {
  /** What its passphrase is known by. */
  readonly key: string;
  /** Of the content. */
  readonly size: number;
}

/** A LUKS container, version 1, with this many bytes of content, which stand in it as they are. */
export function makeLuks(size: number, passphrase: string): Sparse {
  const file = emptySparse(contentAt + size);
  const header = Buffer.alloc(592);
  header.write("LUKS\xba\xbe", 0, "latin1");
  header.writeUInt16BE(1, 6);
  header.writeUInt32BE(contentAt / 512, 104);
  header.write(digestOfPassphrase(passphrase), keyAt, "latin1");
  writeSparse(file, 0, header);
  return file;
}

/** Undefined when it is no container. */
export function readLuks(file: Content): Luks | undefined {
  const start = readSparse(file, 0, 592);
  if (start.length < 592 || start.toString("latin1", 0, 6) !== "LUKS\xba\xbe") return undefined;
  return { key: start.toString("latin1", keyAt, keyAt + 64), size: file.size - contentAt };
}

/** Writes from the first byte of the content on. */
export function fillLuks(file: Sparse, raw: Content): void {
  for (const [number, chunk] of raw.chunks) writeSparse(file, contentAt + number * 4096, chunk);
}

/** Gives the content another length. */
export function resizeLuks(file: Sparse, size: number): void {
  truncateSparse(file, contentAt + size);
}
