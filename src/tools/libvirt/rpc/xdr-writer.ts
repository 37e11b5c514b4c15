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
  /** The bytes that hexadecimal digits stand for, without a length. */
  hex(digits: string): void;
  /** A text in UTF-8 with its length. */
  text(value: string): void;
  /** What was written. */
  bytes(): Buffer;
}

/** A writer; `reserve` bytes at the beginning are left for a header. */
export function createXdrWriter(reserve = 0): XdrWriter {
  return new Writer(reserve);
}

/** A class: there is one writer for each message, and all of them share the methods. */
class Writer implements XdrWriter {
  buffer: Buffer = Buffer.allocUnsafe(256);
  length = 0;

  constructor(reserve: number) {
    this.grow(reserve);
    this.buffer.fill(0, 0, reserve);
  }

  /** The offset of `count` more bytes. */
  grow(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.length, this.buffer.length * 2));
      this.buffer.copy(larger, 0, 0, at);
      this.buffer = larger;
    }
    return at;
  }

  /** The offset of `count` more bytes, with zeros behind them up to a multiple of four. */
  growPadded(count: number): number {
    const at = this.grow(count + (-count & 3));
    this.buffer.fill(0, at + count, this.length);
    return at;
  }

  int(value: number): void {
    const at = this.grow(4);
    this.buffer.writeInt32BE(value, at);
  }

  uint(value: number): void {
    const at = this.grow(4);
    this.buffer.writeUInt32BE(value, at);
  }

  hyper(value: number | bigint): void {
    const at = this.grow(8);
    this.buffer.writeBigUInt64BE(BigInt(value), at);
  }

  double(value: number): void {
    const at = this.grow(8);
    this.buffer.writeDoubleBE(value, at);
  }

  fixed(bytes: Uint8Array): void {
    const at = this.growPadded(bytes.length);
    this.buffer.set(bytes, at);
  }

  opaque(bytes: Uint8Array): void {
    this.uint(bytes.length);
    this.fixed(bytes);
  }

  hex(digits: string): void {
    const at = this.growPadded(digits.length / 2);
    this.buffer.write(digits, at, "hex");
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.uint(length);
    const at = this.growPadded(length);
    this.buffer.write(value, at, "utf8");
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }
}
