import { sinkBlock } from "./sink.ts";

/** Zeros of this length, in pieces. */
export function* zeros(length: number): Generator<Uint8Array> {
  const piece = new Uint8Array(Math.min(length, sinkBlock));
  for (let left = length; left > 0; left -= piece.length) yield left < piece.length ? piece.subarray(0, left) : piece;
}
