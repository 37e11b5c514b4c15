import { randomBytes } from "node:crypto";
import { CommandError } from "../../model/errors.ts";
import type { SshConnection } from "./connection.ts";
import { shellLibrary } from "./library.ts";
import { connectionLost } from "./trouble.ts";

/** How a script of the other side's ended. */
export interface Reply {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A script to run, in terms of the library. `nonce` is what marks ends in the outputs: nobody else can know it. */
export type Script = string | ((nonce: string) => string);

/** Shells on the other side that are kept and asked one thing after the other: no process and no channel for each. */
export interface SshWorkers {
  run(script: Script, options?: { readonly input?: Uint8Array; readonly timeoutMs?: number }): Promise<Reply & { readonly nonce: string }>;
  close(): Promise<void>;
}

interface Request {
  readonly script: Script;
  readonly input: Uint8Array;
  readonly timeoutMs: number;
  readonly resolve: (reply: Reply & { readonly nonce: string }) => void;
  readonly reject: (error: Error) => void;
}

const usualTimeoutMs = 120_000;
/** A script up to this is sent as a line: a shell reads lines byte by byte. */
const lineBytes = 2000;

/** At most `size` shells; none before the first request. `tell` is called with every round trip. */
export function createSshWorkers(connection: SshConnection, name: string, size: number, tell: (what: string) => void): SshWorkers {
  const waiting: Request[] = [];
  const idle: Worker[] = [];
  const all = new Set<Worker>();
  let starting = 0;

  function advance(): void {
    while (waiting.length > 0) {
      const worker = idle.pop();
      if (worker === undefined) break;
      const request = waiting.shift();
      if (request !== undefined) worker.perform(request);
    }
    if (waiting.length > starting && all.size + starting < size) void grow();
  }

  async function grow(): Promise<void> {
    starting += 1;
    try {
      const worker = await startWorker(connection, name, {
        done: (free) => {
          idle.push(free);
          advance();
        },
        ended: (dead) => {
          all.delete(dead);
          const index = idle.indexOf(dead);
          if (index !== -1) idle.splice(index, 1);
          advance();
        },
      });
      all.add(worker);
      idle.push(worker);
    } catch (error) {
      // Nothing better will come: everything that waits fails alike.
      if (all.size === 0) for (const request of waiting.splice(0)) request.reject(error as Error);
    } finally {
      starting -= 1;
    }
    advance();
  }

  return {
    run: (script, { input = new Uint8Array(), timeoutMs = usualTimeoutMs } = {}) => {
      if (connection.lost !== undefined) return Promise.reject(connection.lost);
      tell(typeof script === "string" ? script : "look");
      return new Promise((resolve, reject) => {
        waiting.push({ script, input, timeoutMs, resolve, reject });
        advance();
      });
    },
    async close() {
      await Promise.all([...all].map((worker) => worker.close()));
    },
  };
}

interface Worker {
  perform(request: Request): void;
  close(): Promise<void>;
}

async function startWorker(
  connection: SshConnection,
  name: string,
  on: { readonly done: (worker: Worker) => void; readonly ended: (worker: Worker) => void },
): Promise<Worker> {
  const nonce = randomBytes(16).toString("hex");
  const channel = await connection.start(`${shellLibrary}\nnonce=$1\nwork`, [nonce], "a shell for file operations");
  let request: Request | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failure: Error | undefined;
  let stdout: Buffer[] = [];
  let tail = "";
  let stderr = "";
  const gone = new Promise<void>((resolve) => channel.onClose(() => resolve()));
  const marker = new RegExp(`\\n${nonce} (\\d+)\\n$`);
  const errorMarker = `\n${nonce}\n`;

  function settle(): void {
    if (request === undefined || !stderr.endsWith(errorMarker)) return;
    const match = marker.exec(tail);
    if (match === null) return;
    const whole = Buffer.concat(stdout);
    const { resolve } = request;
    const reply = {
      code: Number(match[1]),
      stdout: whole.subarray(0, whole.length - match[0].length),
      stderr: stderr.slice(0, -errorMarker.length),
      nonce,
    };
    clearTimeout(timer);
    request = undefined;
    stdout = [];
    tail = "";
    stderr = "";
    resolve(reply);
    on.done(worker);
  }

  channel.stdout.on("data", (chunk: Buffer) => {
    stdout.push(chunk);
    tail = (tail + (stdout.at(-1)?.subarray(-80).toString("latin1") ?? "")).slice(-80);
    settle();
  });
  channel.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    settle();
  });
  channel.onClose(() => {
    clearTimeout(timer);
    request?.reject(failure ?? connection.lost ?? channel.failure ?? connectionLost(name, stderr));
    request = undefined;
    on.ended(worker);
  });

  const worker: Worker = {
    perform(next) {
      request = next;
      const script = Buffer.from(typeof next.script === "string" ? next.script : next.script(nonce));
      timer = setTimeout(() => {
        const commandLine = script.subarray(0, 200).toString();
        const message = `${name} did not answer within ${next.timeoutMs / 1000} s: ${commandLine}. A filesystem there may hang; look at its kernel's log (dmesg).`;
        failure = new CommandError({ commandLine, exitCode: undefined, stderr: "", reason: "timeout", message });
        channel.kill();
      }, next.timeoutMs);
      const isLine = script.length <= lineBytes && !script.includes("\n");
      channel.stdin.write(`${isLine ? "line" : script.length} ${next.input.length}\n`);
      channel.stdin.write(script);
      if (isLine) channel.stdin.write("\n");
      if (next.input.length > 0) channel.stdin.write(next.input);
    },
    async close() {
      channel.stdin.end();
      await gone;
    },
  };
  return worker;
}
