import type { DigestAlgorithm, Digests, Host, Unpack } from "../../model/host.ts";
import { interrupted } from "../../model/interrupted.ts";
import { expansion } from "../../model/packing.ts";
import { decompressor } from "../decompressor.ts";
import { refuseBomb } from "../expansion.ts";
import { refuseTooLarge } from "../sink.ts";
import { cutOff, unpackTrouble } from "../unpack-trouble.ts";
import type { Frame } from "./frames.ts";
import type { SshHelper } from "./helper.ts";
import { explainTrouble, TooLarge, type Trouble } from "./trouble-of-file.ts";

const longMs = 24 * 3_600_000;

/** Unpacks a file of the host there (`Host.unpack`). */
export async function unpackOverSsh(helper: SshHelper, request: Unpack): ReturnType<Host["unpack"]> {
  const { from, to, compression, digests, packedDigests = [], maxBytes, signal, onProgress } = request;
  const program = compression === null ? undefined : decompressor(compression);
  const { message } = await helper.ask(
    {
      op: "unpack",
      from,
      to,
      limit: maxBytes ?? null,
      words: program?.words ?? null,
      parts: request.compression === null ? request.parts.map(({ offset, length }) => [offset, length]) : null,
      bounds: program === undefined ? null : [expansion.written, expansion.writtenRatio, expansion.length, expansion.lengthRatio],
      algorithms: digests,
      packed: packedDigests,
    },
    {
      what: `unpacking ${from}`,
      timeoutMs: longMs,
      alone: true,
      signal,
      onFrame: ({ message: progress }: Frame) => onProgress?.(Number(progress["progress"]), undefined),
    },
  );
  const failed = message["error"] as Trouble | undefined;
  if (failed !== undefined) throw explained(request, failed);
  return {
    bytes: Number(message["size"]),
    digests: digestsOf(packedDigests, message["digests"]),
    content: { bytes: Number(message["length"]), digests: digestsOf(digests, message["content"]) },
  };
}

function explained({ from, compression, maxBytes }: Unpack, trouble: Trouble): unknown {
  const { refused, what = "" } = trouble;
  if (trouble.errno === "ECANCELED") return interrupted(`Unpacking ${from}`);
  if (refused === "program-missing" && compression !== null)
    return unpackTrouble(from, compression, { missing: true, code: undefined, said: "" });
  if (refused === "image-unpack") {
    if (compression === null) return cutOff(from);
    const [, code = "", said = ""] = /^(-?\d+) ([\s\S]*)$/.exec(what) ?? [];
    // Python gives the number of a signal as a negative code.
    return unpackTrouble(from, compression, { missing: false, code: Number(code) < 0 ? undefined : Number(code), said });
  }
  if (refused === "image-bomb") {
    const [read = 0, bytes = 0] = what.split(" ").map(Number);
    return caught(() => refuseBomb(from, read, { written: bytes, length: bytes }));
  }
  const error = explainTrouble(trouble, "unpack", from);
  return error instanceof TooLarge ? caught(() => refuseTooLarge(from, error.bytes, maxBytes)) : error;
}

function caught(work: () => void): unknown {
  try {
    work();
    return new Error("the helper refused what the bounds allow");
  } catch (error) {
    return error;
  }
}

function digestsOf(algorithms: readonly DigestAlgorithm[], found: unknown): Digests {
  const values = Array.isArray(found) ? found : [];
  return Object.fromEntries(algorithms.map((algorithm, index) => [algorithm, String(values[index] ?? "")]));
}
