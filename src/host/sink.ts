import type { FileHandle } from "node:fs/promises";
import { RefusedError } from "../model/errors.ts";
import type { DigestAlgorithm, Digests } from "../model/host.ts";
import { formatQuantity } from "../model/quantity.ts";
import { createDigester } from "./digester.ts";
import { explainedLater } from "./file-error.ts";
import { dataRuns } from "./sparse.ts";

/** Bytes written with one call. */
export const sinkBlock = 2 ** 20;

/** Receives bytes in order, writes them with holes for zeros, and digests them. */
export interface Sink {
  /** Received so far. */
  readonly bytes: number;
  /** Of them, those that are on the disk: not holes. */
  readonly written: number;
  /** Throws a RefusedError (`image-too-large`) as soon as there are too many. */
  write(chunk: Uint8Array): Promise<void>;
  /** Discards everything received, and the digests. */
  restart(): Promise<void>;
  /** Takes the first bytes of what the file already has as received, digesting them; the rest is cut off. Before the first write. */
  adopt(bytes: number): Promise<void>;
  /** Writes what is held back, so that a later sink can adopt it. */
  keep(): Promise<void>;
  /** Sets the length and returns the digests. The file is synced when it is published. */
  finish(): Promise<Digests>;
}

/** Opens a sink into a file that is open for reading and writing. `what` names the source of the bytes, for messages. */
export function createSink(
  file: FileHandle,
  request: {
    readonly path: string;
    readonly what: string;
    readonly digests: readonly DigestAlgorithm[];
    readonly maxBytes?: number | undefined;
    /** Limit of bytes that are not holes. */
    readonly maxWritten?: number | undefined;
    /** Gets the same bytes, in order. */
    readonly also?: { write(chunk: Uint8Array): Promise<void>; restart(): Promise<void> } | undefined;
  },
): Sink {
  let [pending, spare] = [Buffer.allocUnsafe(sinkBlock), Buffer.allocUnsafe(sinkBlock)];
  /** Of the spare buffer: more bytes are received meanwhile. One that failed stays, so that everything fails until a restart. */
  let flushing = Promise.resolve();
  let filled = 0;
  let flushed = 0;
  let written = 0;
  let digester = createDigester(request.digests);
  const onDisk = <T>(work: () => Promise<T>) => explainedLater("write", request.path, work);

  async function flush(data: Uint8Array): Promise<void> {
    const position = flushed;
    flushed += data.length;
    const elsewhere = request.also?.write(data);
    // Awaited below; a failure of the file comes first.
    elsewhere?.catch(() => undefined);
    const here = writeRuns(data, position);
    // The kernel writes while this thread digests.
    digester.update(data);
    await here;
    await elsewhere;
  }

  async function writeRuns(data: Uint8Array, position: number): Promise<void> {
    for (const { start, end } of dataRuns(data)) {
      written += end - start;
      refuseTooLarge(request.what, written, request.maxWritten);
      await writeAll(file, data.subarray(start, end), position + start);
    }
  }

  async function flushRest(): Promise<void> {
    await flushing;
    await flush(pending.subarray(0, filled));
    filled = 0;
    await file.truncate(flushed);
  }

  return {
    get bytes() {
      return flushed + filled;
    },
    get written() {
      return written;
    },
    write: (chunk) =>
      onDisk(async () => {
        refuseTooLarge(request.what, flushed + filled + chunk.length, request.maxBytes);
        if (filled === 0 && chunk.length === sinkBlock) {
          await flushing;
          return flush(chunk);
        }
        for (let taken = 0; taken < chunk.length; ) {
          const piece = chunk.subarray(taken, taken + sinkBlock - filled);
          pending.set(piece, filled);
          filled += piece.length;
          taken += piece.length;
          if (filled < sinkBlock) continue;
          await flushing;
          flushing = flush(pending);
          // Thrown by the next call.
          flushing.catch(() => undefined);
          [pending, spare] = [spare, pending];
          filled = 0;
        }
      }),
    restart: () =>
      onDisk(async () => {
        await flushing.catch(() => undefined);
        flushing = Promise.resolve();
        await file.truncate(0);
        filled = 0;
        flushed = 0;
        written = 0;
        digester = createDigester(request.digests);
        await request.also?.restart();
      }),
    adopt: (bytes) =>
      onDisk(async () => {
        // One that is emptied, even of nothing, is written to the disk when it is closed: file systems take it for a new version of a file.
        if ((await file.stat()).size !== bytes) await file.truncate(bytes);
        while (flushed < bytes) {
          const { bytesRead } = await file.read(pending, 0, Math.min(sinkBlock, bytes - flushed), flushed);
          if (bytesRead === 0) break;
          digester.update(pending.subarray(0, bytesRead));
          await request.also?.write(pending.subarray(0, bytesRead));
          flushed += bytesRead;
        }
      }),
    keep: () => onDisk(flushRest),
    finish: () =>
      onDisk(async () => {
        await flushRest();
        return digester.digests();
      }),
  };
}

/** Throws a RefusedError when there are, or will be, more bytes than allowed. */
export function refuseTooLarge(what: string, bytes: number, maxBytes: number | undefined): void {
  if (maxBytes === undefined || bytes <= maxBytes) return;
  throw new RefusedError(
    "image-too-large",
    `${what} is larger than there is room for: at least ${formatQuantity(bytes)}, and ${formatQuantity(maxBytes)} may be used`,
    "Free space, or use a smaller image.",
  );
}

async function writeAll(file: FileHandle, data: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < data.length; ) {
    const { bytesWritten } = await file.write(data, done, data.length - done, position + done);
    done += bytesWritten;
  }
}
