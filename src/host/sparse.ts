/** Smallest hole: anything smaller saves nothing. */
const block = 4096;
const zeros = Buffer.alloc(block);

/** A range of bytes from `start` up to but not including `end`. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/** The ranges of a buffer that must be written; everything else is zeros and can be a hole. */
export function dataRuns(buffer: Uint8Array): Run[] {
  const runs: { start: number; end: number }[] = [];
  for (let start = 0; start < buffer.length; start += block) {
    const end = Math.min(start + block, buffer.length);
    if (zeros.compare(buffer, start, end, 0, end - start) === 0) continue;
    const last = runs.at(-1);
    if (last?.end === start) last.end = end;
    else runs.push({ start, end });
  }
  return runs;
}
