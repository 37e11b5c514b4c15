import type { FileHandle } from "node:fs/promises";
import type { DigestAlgorithm, Digests } from "../../model/host.ts";
import { createDigester } from "../digester.ts";
import { explainedLater } from "../file-error.ts";
import { refuseTooLarge, sinkBlock } from "../sink.ts";
import { dataRuns } from "../sparse.ts";

/** Reads a file that a program appends to. What lies before the end of such a file no longer changes. */
export interface Follower {
  /** Read so far. */
  readonly bytes: number;
  /** Of them, those that are not zeros in whole blocks. */
  readonly written: number;
  /** Reads what has come since. `look` is called after each piece. Throws a RefusedError (`image-too-large`) as soon as there is too much. */
  catchUp(look: () => void): Promise<void>;
  /** Once, at the end. */
  digests(): Digests;
}

/** Follows a file from its start. `what` names the source of the bytes, for messages. */
export function createFollower(
  file: FileHandle,
  request: {
    readonly path: string;
    readonly what: string;
    readonly digests: readonly DigestAlgorithm[];
    /** Limit of bytes that are not zeros. */
    readonly maxWritten?: number | undefined;
  },
): Follower {
  const buffer = Buffer.allocUnsafe(sinkBlock);
  const digester = createDigester(request.digests);
  let bytes = 0;
  let written = 0;
  return {
    get bytes() {
      return bytes;
    },
    get written() {
      return written;
    },
    async catchUp(look) {
      for (let taken = sinkBlock; taken === sinkBlock; ) {
        taken = (await explainedLater("read", request.path, () => file.read(buffer, 0, sinkBlock, bytes))).bytesRead;
        const data = buffer.subarray(0, taken);
        for (const { start, end } of dataRuns(data)) written += end - start;
        bytes += taken;
        refuseTooLarge(request.what, written, request.maxWritten);
        look();
        digester.update(data);
      }
    },
    digests: () => digester.digests(),
  };
}
