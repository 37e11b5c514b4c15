import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { explainFileError } from "../../src/host/file-error.ts";
import { refuseTooLarge } from "../../src/host/sink.ts";
import { unpackTrouble } from "../../src/host/unpack-trouble.ts";
import type { DigestAlgorithm, Digests, Host, Unpack } from "../../src/model/host.ts";
import type { Life } from "./life.ts";
import type { Machine } from "./machine.ts";
import { allocatedBytes, readSparse, sparseOf } from "./sparse.ts";

/** Unpacks a file of the machine. Of the programs that decompress, it has gzip. */
export async function fakeUnpack(machine: Machine, life: Life, request: Unpack): ReturnType<Host["unpack"]> {
  const { from, to, compression, digests, packedDigests = [], maxBytes } = request;
  life.check(`unpack ${from}`);
  await Promise.resolve();
  const packed = readSparse(machine.files.file(from, "open").content);
  if (compression !== null && compression !== "gz") throw unpackTrouble(from, compression, { missing: true, code: undefined, said: "" });
  const bytes =
    request.compression === null
      ? Buffer.concat(
          request.parts.map(({ offset, length }) => (offset === null ? Buffer.alloc(length) : packed.subarray(offset, offset + length))),
        )
      : unzip(from, packed);
  const content = sparseOf(bytes);
  refuseTooLarge(from, allocatedBytes(content), maxBytes);
  try {
    life.effect(
      `unpack ${to}`,
      () => machine.files.write(to, content, 0o600),
      (left) => left.write(to, sparseOf(bytes.subarray(0, bytes.length / 2)), 0o600),
    );
  } catch (error) {
    if (!life.dead) machine.files.unlink(to);
    throw explainFileError(error, "write", to);
  }
  request.onProgress?.(packed.length, packed.length);
  return {
    bytes: packed.length,
    digests: digestsOf(packed, packedDigests),
    content: { bytes: bytes.length, digests: digestsOf(bytes, digests) },
  };
}

function unzip(from: string, packed: Buffer): Buffer {
  try {
    return gunzipSync(packed);
  } catch (error) {
    throw unpackTrouble(from, "gz", { missing: false, code: 1, said: `gzip: stdin: ${(error as Error).message}` });
  }
}

function digestsOf(bytes: Buffer, algorithms: readonly DigestAlgorithm[]): Digests {
  return Object.fromEntries(algorithms.map((algorithm) => [algorithm, createHash(algorithm).update(bytes).digest("hex")]));
}
