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
 * size of the log. Ends at the size that the log had at first, or with `follow` when `stop` is aborted. False when there is no log.
 */
export async function streamLog(
  log: Log,
  write: (piece: Buffer) => Promise<void>,
  { follow, stop }: { readonly follow: boolean; readonly stop: AbortSignal },
): Promise<boolean> {
  const first = await log.size();
  if (first === undefined) return false;
  for (let offset = 0; !stop.aborted; ) {
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
