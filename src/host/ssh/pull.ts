import { open } from "node:fs/promises";
import { RefusedError, UnreachableError } from "../../model/errors.ts";
import type { Upload } from "../../model/host.ts";
import { interrupted } from "../../model/interrupted.ts";
import { expansion } from "../../model/packing.ts";
import type { Peer } from "../../model/peer.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { explainFileError } from "../file-error.ts";
import { removeFile } from "../local/change.ts";
import { discard } from "../local/discard.ts";
import { createSink, sinkBlock } from "../sink.ts";
import { collect } from "./collect.ts";
import type { SshConnection } from "./connection.ts";
import { createFrameReader, type Frame } from "./frames.ts";
import { helperScript } from "./helper.ts";
import { transferProgram } from "./transfer-program.ts";
import { connectionLost } from "./trouble.ts";
import { explainTrouble, type Trouble } from "./trouble-of-file.ts";

/** The remote sends something at least this often; a hole is found at once, whatever its length. */
const idleMs = 300_000;

/** Throws a RefusedError (`image-bomb`) for holes that are longer than those of an honest file: they cost the sender nothing, and are digested here. */
function refuseHoles(name: string, from: string, length: number, written: number): void {
  if (length <= expansion.length + expansion.lengthRatio * written) return;
  throw new RefusedError(
    "image-bomb",
    `${from} of ${name} has ${formatQuantity(Math.floor(length / 2 ** 20) * 2 ** 20)} with ${formatQuantity(written)} of data in it`,
    "Such a file can be made to keep a host busy. Look at the file there, or remove the peer from host.image_peers.",
  );
}

/** Brings a file of the host to this machine (`Peer.pull`). Holes are not transferred. */
export async function pullOverSsh(connection: SshConnection, name: string, request: Upload): ReturnType<Peer["pull"]> {
  const { from, to, digests, maxBytes, signal } = request;
  const channel = await connection.start(helperScript, [transferProgram, "send", from], `the transfer of ${from}`);
  const errors = collect(channel.stderr);
  const late = new UnreachableError(`${name} sent nothing of ${from} for ${idleMs / 1000} s`, "Check the kernel log of the host (dmesg).");
  let cut: Error | undefined;
  const end = (error?: Error) => {
    cut ??= error;
    channel.kill();
  };
  const stop = () => end();
  signal?.addEventListener("abort", stop, { once: true });
  const idle = setTimeout(() => end(late), idleMs);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => {
    clearTimeout(idle);
    signal?.removeEventListener("abort", stop);
    channel.kill();
  });
  removeFile(to);
  const file = await open(to, "wx+", 0o600).catch((error: unknown) => {
    throw explainFileError(error, "write", to);
  });
  let whole = false;
  undo.defer(async () => {
    await file.close();
    if (!whole) discard(to);
  });
  const sink = createSink(file, { path: to, what: from, digests, maxWritten: maxBytes });
  const zeros = Buffer.alloc(sinkBlock);
  const fillTo = async (position: number) => {
    refuseHoles(name, from, position, sink.written);
    while (sink.bytes < position) {
      signal?.throwIfAborted();
      await sink.write(zeros.subarray(0, Math.min(zeros.length, position - sink.bytes)));
    }
  };
  let frames: Frame[] = [];
  let answer: Frame | undefined;
  const take = createFrameReader((frame) => void frames.push(frame));
  for await (const chunk of channel.stdout) {
    idle.refresh();
    try {
      take(chunk as Buffer);
    } catch {
      throw new UnreachableError(`${name} answered with something else than the helper's protocol.`);
    }
    for (const frame of frames) {
      const { at, size } = frame.message as { at?: unknown; size?: unknown };
      if (typeof at !== "number") {
        answer = frame;
        continue;
      }
      if (!Number.isSafeInteger(at) || at < sink.bytes) throw new UnreachableError(`${name} sent parts of ${from} out of order.`);
      await fillTo(at);
      await sink.write(frame.blob);
      request.onProgress?.(sink.bytes, typeof size === "number" ? size : undefined);
    }
    frames = [];
  }
  if (signal?.aborted === true) throw interrupted(`The transfer of ${from} from ${name}`);
  if (answer === undefined) throw cut ?? connection.lost ?? channel.failure ?? connectionLost(name, errors());
  const failed = answer.message["error"] as Trouble | undefined;
  if (failed !== undefined) throw explainTrouble(failed, "read", from);
  const size = Number(answer.message["sent"]);
  await fillTo(size);
  const found = await sink.finish();
  whole = sink.bytes === size;
  if (!whole) throw new UnreachableError(`${name} sent ${sink.bytes} of ${size} bytes of ${from}.`);
  return { bytes: size, digests: found };
}
