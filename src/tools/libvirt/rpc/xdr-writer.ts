/** Writes XDR (RFC 4506): big-endian, everything padded to four bytes. */
export interface XdrWriter {
  int(value: number): void;
  uint(value: number): void;
  /** 64 bits, unsigned. */
  hyper(value: number | bigint): void;
  double(value: number): void;
  /** Bytes without a length. */
  fixed(bytes: Uint8Array): void;
  /** Bytes with their length. */
  opaque(bytes: Uint8Array): void;
  /** What was written. */
  bytes(): Buffer;
}

/** A writer; `reserve` bytes at the beginning are left for a header. */
export function createXdrWriter(reserve = 0): XdrWriter {
  let buffer = Buffer.allocUnsafe(256);
  let length = reserve;
  buffer.fill(0, 0, reserve);

  /** The offset of `count` more bytes. */
  function grow(count: number): number {
    const at = length;
    length += count;
    if (length > buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, buffer.length * 2));
      buffer.copy(larger, 0, 0, at);
      buffer = larger;
    }
    return at;
  }

  const writer: XdrWriter = {
    int(value) {
      const at = grow(4);
      buffer.writeInt32BE(value, at);
    },
    uint(value) {
      const at = grow(4);
      buffer.writeUInt32BE(value, at);
    },
    hyper(value) {
      const at = grow(8);
      buffer.writeBigUInt64BE(BigInt(value), at);
    },
    double(value) {
      const at = grow(8);
      buffer.writeDoubleBE(value, at);
    },
    fixed(bytes) {
      const padding = -bytes.length & 3;
      const at = grow(bytes.length + padding);
      buffer.set(bytes, at);
      buffer.fill(0, at + bytes.length, at + bytes.length + padding);
    },
    opaque(bytes) {
      writer.uint(bytes.length);
      writer.fixed(bytes);
    },
    bytes: () => buffer.subarray(0, length),
  };
  return writer;
}
