import { textOf } from "./text-of.ts";

/** A number of a tar header: octal text, or binary where the first bit is set; NaN for anything else. Pure. */
export function numberAt(header: Buffer, start: number, length: number): number {
  const field = header.subarray(start, start + length);
  if ((field.readUInt8(0) & 0x80) !== 0) {
    const value = BigInt(`0x${field.toString("hex")}`) & ((1n << BigInt(length * 8 - 1)) - 1n);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Number.NaN;
  }
  const text = textOf(field).trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text === "" ? "0" : text, 8) : Number.NaN;
}
