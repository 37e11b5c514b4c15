/** What a filesystem can leave out: smaller holes save nothing. */
const block = 4096;
const zeros = Buffer.alloc(block);

/** A stretch of bytes from `start` up to but not including `end`. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/** The stretches of a buffer that must be written, where everything else is zeros that a hole stands for as well. */
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
