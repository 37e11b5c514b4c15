import { setTimeout as wait } from "node:timers/promises";

/** A file that grows, read piece by piece. */
export interface Log {
  /** At most `length` bytes; empty at the end; undefined when there is no such file. */
  read(offset: number, length: number): Promise<Buffer | undefined>;
  /** Bytes, or undefined when there is no such file. */
  size(): Promise<number | undefined>;
}

const pieceBytes = 64 * 1024;
const pollMs = 250;

/**
 * Hands a log to `write` piece by piece, one at a time: the next is read when `write` has resolved, so memory stays bounded whatever the
 * size of the log. `lines`: begins with the last so many lines. Ends at the size that the log had at first, or with `follow` when `stop` is aborted. False when there is no log.
 */
export async function streamLog(
  log: Log,
  write: (piece: Buffer) => Promise<void>,
  { follow, stop, lines }: { readonly follow: boolean; readonly stop: AbortSignal; readonly lines?: number },
): Promise<boolean> {
  const first = await log.size();
  if (first === undefined) return false;
  for (let offset = lines === undefined ? 0 : await startOfLines(log, first, lines); !stop.aborted; ) {
    const room = follow ? pieceBytes : Math.min(pieceBytes, first - offset);
    const piece = room > 0 ? await log.read(offset, room) : undefined;
    if (piece !== undefined && piece.length > 0) {
      offset += piece.length;
      if (!stop.aborted) await write(piece);
      continue;
    }
    if (!follow) break;
    await wait(pollMs, undefined, { signal: stop }).catch(() => undefined);
    // A log that was rotated or cut starts from the beginning.
    const size = await log.size();
    if (size !== undefined && size < offset) offset = 0;
  }
  return true;
}

/** How far back the start of the last lines is looked for: a guest may write without ever ending a line. */
const mostScanned = 16 * 1024 * 1024;

/** Where the last lines of a log begin. The end of a line that ends the log does not begin another. */
async function startOfLines(log: Log, size: number, lines: number): Promise<number> {
  if (lines === 0) return size;
  let left = lines;
  const first = Math.max(0, size - mostScanned);
  for (let end = size; end > first; ) {
    const start = Math.max(first, end - pieceBytes);
    const piece = await log.read(start, end - start);
    if (piece === undefined || piece.length === 0) return start;
    for (let at = piece.length - 1; at >= 0; at -= 1) {
      if (piece[at] !== 0x0a || start + at === size - 1) continue;
      left -= 1;
      if (left === 0) return start + at + 1;
    }
    end = start;
  }
  return first;
}
