import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { type FileHandle, open } from "node:fs/promises";
import { userError } from "../../model/errors.ts";
import type { Digests, Unpacking } from "../../model/host.ts";
import { commandEnvironment } from "../command-line.ts";
import { decompressor } from "../decompressor.ts";
import { refuseBomb } from "../expansion.ts";
import { explainedLater } from "../file-error.ts";
import { createSink, type Sink } from "../sink.ts";
import { unpackTrouble } from "../unpack-trouble.ts";
import { removeFile } from "./change.ts";
import { newFile, stagedMode } from "./copy.ts";
import { discard } from "./discard.ts";

/** Takes a compressed file in pieces and writes its content, with holes and digests. */
export interface Unpacker {
  /** The buffer may be used again as soon as this ends. */
  write(chunk: Uint8Array): Promise<void>;
  /** Forgets everything that came. */
  restart(): Promise<void>;
  /** Throws a RefusedError (`image-unpack`) when the file is damaged or cut off. */
  finish(): Promise<{ readonly bytes: number; readonly digests: Digests }>;
  /** Ends the program. Without `finish` before, nothing is left of the content. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts to unpack. `what` names the compressed file, for messages. */
export async function startUnpacker(request: Unpacking, what: string): Promise<Unpacker> {
  removeFile(request.to);
  const file = await explainedLater("write", request.to, () => open(request.to, newFile, stagedMode));
  let running = start(request, what, file);
  let whole = false;
  return {
    write: (chunk) => running.write(chunk),
    async restart() {
      await running.stop();
      await file.truncate(0);
      running = start(request, what, file);
    },
    async finish() {
      const result = await running.finish();
      whole = true;
      return result;
    },
    async [Symbol.asyncDispose]() {
      await running.stop();
      await file.close();
      if (!whole) discard(request.to);
    },
  };
}

function start({ compression, to, digests, maxBytes }: Unpacking, what: string, file: FileHandle) {
  const [program, ...args] = decompressor(compression).words;
  const child = spawn(program, args, {
    stdio: "pipe",
    env: commandEnvironment(process.env),
    detached: true,
  });
  // What the kernel refuses to take when the program has ended shows in how it ended.
  child.stdin.on("error", () => undefined);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(0, 4000);
  });
  const sink = createSink(file, { path: to, what, digests, maxWritten: maxBytes });
  let read = 0;
  const ended = new Promise<{ code: number | undefined; missing: boolean }>((resolve) => {
    child.once("error", () => resolve({ code: undefined, missing: true }));
    child.once("close", (code) => resolve({ code: code ?? undefined, missing: code === 127 && /failed to execute/.test(said) }));
  });
  const work = (async () => {
    for await (const chunk of child.stdout) {
      await sink.write(chunk as Buffer);
      refuseBomb(what, read, { written: sink.written, length: sink.bytes });
    }
    const ending = await ended;
    if (ending.code !== 0) throw unpackTrouble(what, compression, { ...ending, said });
  })();
  // Looked at with the next write, and at the end.
  work.catch(() => kill(child));
  return { write, finish: () => finish(child, work, sink), stop: () => stop(child, work) };

  async function write(chunk: Uint8Array): Promise<void> {
    read += chunk.length;
    const taken = new Promise<void>((resolve) => void child.stdin.write(chunk, () => resolve()));
    await Promise.race([taken, work]);
  }
}

async function finish(child: ChildProcessWithoutNullStreams, work: Promise<void>, sink: Sink) {
  child.stdin.end();
  await work;
  return { bytes: sink.bytes, digests: await sink.finish() };
}

async function stop(child: ChildProcessWithoutNullStreams, work: Promise<void>): Promise<void> {
  kill(child);
  await work.catch(() => undefined);
}

function kill(child: ChildProcessWithoutNullStreams): void {
  child.stdin.destroy();
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL");
  }
}

/** Why unpacking was stopped. */
export function unpackStopped(what: string): Error {
  return userError("interrupted", `Unpacking ${what} was stopped`);
}
