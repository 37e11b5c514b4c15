import { createHash } from "node:crypto";

const chunkBytes = 4096;
const zeros = Buffer.alloc(chunkBytes);

/**
 * The content of one file as chunks of 4 KiB by number; a missing chunk is a hole. Content in a file system never changes:
 * a write replaces it, so that clones of a machine share it and its digests are computed once.
 */
export interface Content {
  readonly size: number;
  readonly chunks: ReadonlyMap<number, Buffer>;
}

/** Content that is being written. Chunks are never changed in place, so copies share them and a disk of 20 GiB costs nothing. */
export interface Sparse extends Content {
  size: number;
  readonly chunks: Map<number, Buffer>;
}

/** A file that is one hole. */
export function emptySparse(size = 0): Sparse {
  return { size, chunks: new Map() };
}

/** A file with this content and no holes. */
export function sparseOf(data: Uint8Array): Sparse {
  const sparse = emptySparse();
  writeSparse(sparse, 0, data);
  return sparse;
}

/** Another file with the same content and holes. */
export function copySparse(sparse: Content): Sparse {
  return { size: sparse.size, chunks: new Map(sparse.chunks) };
}

/** The first `size` bytes as another file. */
export function headOfSparse(sparse: Content, size: number): Sparse {
  const head = copySparse(sparse);
  truncateSparse(head, size);
  return head;
}

/** Up to `length` bytes from `offset`; fewer at the end. */
export function readSparse(sparse: Content, offset = 0, length = sparse.size - offset): Buffer {
  const end = Math.min(sparse.size, offset + length);
  if (end <= offset) return Buffer.alloc(0);
  const result = Buffer.alloc(end - offset);
  for (let number = Math.floor(offset / chunkBytes); number * chunkBytes < end; number += 1) {
    const start = number * chunkBytes;
    const from = Math.max(start, offset);
    sparse.chunks.get(number)?.copy(result, from - offset, from - start, Math.min(end, start + chunkBytes) - start);
  }
  return result;
}

/** Writes, growing the file as needed. */
export function writeSparse(sparse: Sparse, offset: number, data: Uint8Array): void {
  const end = offset + data.length;
  for (let number = Math.floor(offset / chunkBytes); number * chunkBytes < end; number += 1) {
    const start = number * chunkBytes;
    const from = Math.max(start, offset);
    const chunk = Buffer.from(sparse.chunks.get(number) ?? zeros);
    chunk.set(data.subarray(from - offset, Math.min(end, start + chunkBytes) - offset), from - start);
    sparse.chunks.set(number, chunk);
  }
  sparse.size = Math.max(sparse.size, end);
}

/** Cuts the file, or lets it end with a hole. */
export function truncateSparse(sparse: Sparse, size: number): void {
  for (const [number, chunk] of sparse.chunks) {
    const start = number * chunkBytes;
    if (start >= size) sparse.chunks.delete(number);
    else if (start + chunkBytes > size)
      sparse.chunks.set(number, Buffer.concat([chunk.subarray(0, size - start), Buffer.alloc(chunkBytes - (size - start))]));
  }
  sparse.size = size;
}

/** Replaces a range of a file by the same range of another one. It begins with a whole chunk. */
export function copyRange(from: Content, to: Sparse, offset: number, length: number): void {
  for (let number = offset / chunkBytes; number * chunkBytes < offset + length; number += 1) {
    const chunk = from.chunks.get(number);
    if (chunk === undefined) to.chunks.delete(number);
    else to.chunks.set(number, chunk);
  }
}

/** Bytes it takes. */
export function allocatedBytes(sparse: Content): number {
  return sparse.chunks.size * chunkBytes;
}

/** Turns chunks of zeros into holes, as a converter that looks for zeros does. */
export function punchZeros(sparse: Sparse): void {
  for (const [number, chunk] of sparse.chunks) if (chunk.equals(zeros)) sparse.chunks.delete(number);
}

/** By algorithm and fingerprint, as copies and downloads have the same bytes again and again. */
const digests = new Map<string, string>();

/**
 * Digest in hex of content that no longer changes. A long hole is hashed like any other bytes: keep files whose digest is
 * asked for small.
 */
export function digestSparse(content: Content, algorithm: string): string {
  const key = `${algorithm} ${fingerprintSparse(content)}`;
  const digest = digests.get(key) ?? digestOf(content, algorithm);
  digests.set(key, digest);
  return digest;
}

function digestOf(sparse: Content, algorithm: string): string {
  const hash = createHash(algorithm);
  for (let start = 0; start < sparse.size; start += chunkBytes) {
    const chunk = sparse.chunks.get(start / chunkBytes) ?? zeros;
    hash.update(start + chunkBytes <= sparse.size ? chunk : chunk.subarray(0, sparse.size - start));
  }
  return hash.digest("hex");
}

const fingerprints = new WeakMap<Content, string>();

/** A short name, cheap for any size, of content that no longer changes: equal content has equal names. Computed once for each content. */
export function fingerprintSparse(content: Content): string {
  const fingerprint = fingerprints.get(content) ?? fingerprintOf(content);
  fingerprints.set(content, fingerprint);
  return fingerprint;
}

function fingerprintOf(sparse: Content): string {
  const hash = createHash("sha256").update(String(sparse.size));
  const written = [...sparse.chunks].filter(([, chunk]) => !chunk.equals(zeros)).sort(([a], [b]) => a - b);
  for (const [number, chunk] of written) hash.update(`${number}:`).update(chunk);
  return hash.digest("hex").slice(0, 16);
}
