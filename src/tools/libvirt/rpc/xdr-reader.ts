import { CodedError } from "../../../model/errors.ts";
import { problem } from "../../../model/problem.ts";
/** Reads XDR (RFC 4506) out of one message. Every length is checked against what is left before anything is taken. */
export interface XdrReader {
  int(): number;
  uint(): number;
  /** 64 bits, unsigned; above 2^53 to the nearest number. */
  hyper(): number;
  double(): number;
  /** `length` bytes and their padding. */
  fixed(length: number): Buffer;
  /** A length and so many bytes, at most `max`. */
  opaque(max: number): Buffer;
  /** The same bytes as text in UTF-8; bytes that are none become replacement characters. */
  text(max: number): string;
  /** Bytes not read yet. */
  readonly left: number;
}

/** A message that is not what the protocol says. */
export class ProtocolError extends CodedError {
  override readonly name = "ProtocolError";
  constructor(message: string) {
    const summary = `libvirt sent something that is not understood: ${message}`;
    const detail = "Its version may be older or newer than the ones that virtform supports. Run `virtform doctor`, which names both.";
    super([problem("unexpected-answer", { summary, detail })], { message });
  }
}

/** A reader of the bytes from `offset` on. Throws a ProtocolError when they end too early or a length is out of bounds. */
export function createXdrReader(bytes: Buffer, offset = 0): XdrReader {
  return new Reader(bytes, offset);
}

/** A class: there is one reader for each message, and all of them share the methods. */
class Reader implements XdrReader {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  /** The offset of the next `count` bytes, which are then read. */
  take(count: number): number {
    const { at } = this;
    if (count > this.left) throw new ProtocolError(`a message ends ${count - this.left} bytes too early`);
    this.at += count;
    return at;
  }

  /** The length of the bytes that follow. */
  length(max: number): number {
    const length = this.uint();
    if (length > max) throw new ProtocolError(`${length} bytes where at most ${max} are allowed`);
    return length;
  }

  int(): number {
    return this.bytes.readInt32BE(this.take(4));
  }

  uint(): number {
    return this.bytes.readUInt32BE(this.take(4));
  }

  hyper(): number {
    return Number(this.bytes.readBigUInt64BE(this.take(8)));
  }

  double(): number {
    return this.bytes.readDoubleBE(this.take(8));
  }

  fixed(length: number): Buffer {
    const from = this.take(length + (-length & 3));
    return this.bytes.subarray(from, from + length);
  }

  opaque(max: number): Buffer {
    return this.fixed(this.length(max));
  }

  text(max: number): string {
    const length = this.length(max);
    const from = this.take(length + (-length & 3));
    return this.bytes.toString("utf8", from, from + length);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }
}
