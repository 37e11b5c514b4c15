import { type ChildProcess, spawn } from "node:child_process";
import { constants, fstatSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { Digests, Unpacking } from "../../model/host.ts";
import { interrupted } from "../../model/interrupted.ts";
import type { Compression } from "../../model/packing.ts";
import { commandEnvironment } from "../command-line.ts";
import { decompressor } from "../decompressor.ts";
import { refuseBomb } from "../expansion.ts";
import { explainedLater, explainFileError } from "../file-error.ts";
import { createSink } from "../sink.ts";
import { errorCodeIn, systemError } from "../system-error.ts";
import { hasIgnored, unpackTrouble } from "../unpack-trouble.ts";
import { withThisProcess } from "../with-this-process.ts";
import { removeFile } from "./change.ts";
import { readableNewFile, stagedMode } from "./copy.ts";
import { discard } from "./discard.ts";
import { createFollower } from "./follower.ts";
import { createPace } from "./pace.ts";

/** Takes a compressed file in pieces and writes its content, with holes and digests. */
export interface Unpacker {
  /** The buffer may be used again as soon as this ends. */
  write(chunk: Uint8Array): Promise<void>;
  /** Discards all data received so far. */
  restart(): Promise<void>;
  /** Throws a RefusedError (`image-unpack`) when the file is damaged or cut off. */
  finish(): Promise<{ readonly bytes: number; readonly digests: Digests }>;
  /** Ends the program. Without `finish` before, nothing is left of the content. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How often a file that a program writes is looked at. */
const pollMs = 10;

/** Starts to unpack. `what` names the compressed file, for messages. */
export async function startUnpacker(request: Unpacking, what: string): Promise<Unpacker> {
  removeFile(request.to);
  const file = await explainedLater("write", request.to, () => open(request.to, readableNewFile, stagedMode));
  let running = await start(request, what, file);
  let whole = false;
  return {
    write: (chunk) => running.write(chunk),
    async restart() {
      await running.stop();
      await file.truncate(0);
      running = await start(request, what, file);
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

/** A program that decompresses, and what takes its output. */
interface Running {
  readonly child: ChildProcess & { readonly stdin: Writable };
  /** Of the compressed file, what the program was given. */
  read: number;
  /** Ends when all content is there, and rejects when the program failed or wrote too much. */
  readonly work: Promise<void>;
}

/** How a program ended, with its last words. */
interface Ending {
  readonly code: number | undefined;
  readonly missing: boolean;
  readonly said: string;
}

async function start(request: Unpacking, what: string, file: FileHandle) {
  const { intoFile, words } = decompressor(request.compression);
  const { running, digests } =
    intoFile === undefined ? throughPipe(request, what, file, words) : await toFile(request, what, file, intoFile);
  const { child, work } = running;
  // Looked at with the next write, and at the end.
  work.catch(() => kill(child));
  return {
    async write(chunk: Uint8Array): Promise<void> {
      running.read += chunk.length;
      const taken = new Promise<void>((resolve) => void child.stdin.write(chunk, () => resolve()));
      await Promise.race([taken, work]);
    },
    async finish() {
      child.stdin.end();
      await work;
      return await digests();
    },
    async stop(): Promise<void> {
      kill(child);
      await work.catch(() => undefined);
    },
  };
}

/** A program that makes no holes: its output passes through this process. */
function throughPipe({ compression, to, digests, maxBytes }: Unpacking, what: string, file: FileHandle, words: Words) {
  const { child, ended } = startProgram(words, "pipe");
  const sink = createSink(file, { path: to, what, digests, maxWritten: maxBytes });
  const work = async () => {
    for await (const chunk of child.stdout as Readable) {
      await sink.write(chunk as Buffer);
      refuseBomb(what, running.read, { written: sink.written, length: sink.bytes });
    }
    refuseFailure(what, compression, to, await ended);
  };
  const running: Running = { child, read: 0, work: work() };
  return { running, digests: async () => ({ bytes: sink.bytes, digests: await sink.finish() }) };
}

/** A program that writes the file, which is read behind it: its output comes in pieces that are too small to be taken one by one. */
async function toFile({ compression, to, digests, maxBytes }: Unpacking, what: string, file: FileHandle, words: Words) {
  // A position of its own, which begins at the start again after a restart.
  await using output = await explainedLater("write", to, () => open(`/proc/self/fd/${file.fd}`, constants.O_WRONLY));
  const { child, ended } = startProgram(words, output.fd);
  const follower = createFollower(file, { path: to, what, digests, maxWritten: maxBytes });
  const pace = createPace(maxBytes);
  const work = async () => {
    const look = () => {
      refuseBomb(what, running.read, { written: follower.written, length: follower.bytes });
      const { size, blocks } = fstatSync(file.fd);
      const due = pace.after({ size, allocated: blocks * 512, read: follower.bytes, data: follower.written });
      if (due !== undefined) signalGroup(child, due);
    };
    const over = new AbortController();
    void ended.then(() => over.abort());
    for (let last = false; !last; ) {
      await pause(pollMs, undefined, { signal: over.signal }).catch(() => undefined);
      last = over.signal.aborted;
      await follower.catchUp(look);
    }
    refuseFailure(what, compression, to, await ended);
  };
  const running: Running = { child, read: 0, work: work() };
  return { running, digests: async () => ({ bytes: follower.bytes, digests: follower.digests() }) };
}

type Words = readonly [program: string, ...args: string[]];

function startProgram(words: Words, output: "pipe" | number) {
  // One that is stopped does not see that its input has ended.
  const [program, ...args] = withThisProcess("KILL", words);
  const child = spawn(program, args, {
    stdio: ["pipe", output, "pipe"],
    env: commandEnvironment(process.env),
    detached: true,
  }) as Running["child"];
  // What the kernel refuses to take when the program has ended shows in how it ended.
  child.stdin.on("error", () => undefined);
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(0, 4000);
  });
  const ended = new Promise<Ending>((resolve) => {
    child.once("error", () => resolve({ code: undefined, missing: true, said }));
    child.once("close", (code) => resolve({ code: code ?? undefined, missing: code === 127 && /failed to execute/.test(said), said }));
  });
  return { child, ended };
}

/** Throws what the end of a program means, unless it ended well. */
function refuseFailure(what: string, compression: Compression, path: string, ending: Ending): void {
  if (ending.code === 0 && !hasIgnored(ending.said)) return;
  const code = errorCodeIn(ending.said);
  if (code !== undefined && writeErrors.includes(code)) throw explainFileError(systemError(ending.said, code, "write"), "write", path);
  throw unpackTrouble(what, compression, ending);
}

/** What the file system refuses, so that the compressed file is not to blame. */
const writeErrors = ["ENOSPC", "EDQUOT", "EFBIG"];

function kill(child: Running["child"]): void {
  child.stdin.destroy();
  signalGroup(child, "SIGKILL");
}

function signalGroup(child: Running["child"], signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}

/** Why unpacking was stopped. */
export function unpackStopped(what: string): Error {
  return interrupted(`Unpacking ${what}`);
}
