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
  /** Bytes not read yet. */
  readonly left: number;
}

/** A message that is not what the protocol says. */
export class ProtocolError extends CodedError {
  override readonly name = "ProtocolError";
  constructor(message: string) {
    const summary = `libvirt sent something that is not understood: ${message}`;
    super([problem("unexpected-answer", { summary })], { message });
  }
}

/** A reader of the bytes from `offset` on. Throws a ProtocolError when they end too early or a length is out of bounds. */
export function createXdrReader(bytes: Buffer, offset = 0): XdrReader {
  let at = offset;

  function take(count: number): number {
    if (count > bytes.length - at) throw new ProtocolError(`a message ends ${count - (bytes.length - at)} bytes too early`);
    const from = at;
    at += count;
    return from;
  }

  const reader: XdrReader = {
    int: () => bytes.readInt32BE(take(4)),
    uint: () => bytes.readUInt32BE(take(4)),
    hyper: () => Number(bytes.readBigUInt64BE(take(8))),
    double: () => bytes.readDoubleBE(take(8)),
    fixed(length) {
      const from = take(length + (-length & 3));
      return bytes.subarray(from, from + length);
    },
    opaque(max) {
      const length = reader.uint();
      if (length > max) throw new ProtocolError(`${length} bytes where at most ${max} are allowed`);
      return reader.fixed(length);
    },
    get left() {
      return bytes.length - at;
    },
  };
  return reader;
}
