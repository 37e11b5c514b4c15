import { randomBytes } from "node:crypto";
import { constants } from "node:os";
import { StringDecoder } from "node:string_decoder";
import type { Command, CommandResult, Conversation } from "../../model/host.ts";
import { commandFailure, type Ending } from "../command-failure.ts";
import { boundedCommand } from "../command-line.ts";
import { createLineSplitter } from "../line-splitter.ts";
import type { SshChannel } from "./channel.ts";
import type { SshConnection } from "./connection.ts";
import { shellLibrary } from "./library.ts";
import { shellLine } from "./quote.ts";
import { connectionLost } from "./trouble.ts";

/** Output beyond this is no answer to anything that we ask. */
const maxOutput = 64 * 2 ** 20;
/** How often we say that we are still there; the other side stops the program after a minute of silence. */
const beatMs = 15_000;
/** What a stop on the other side may take before the channel is cut. */
const graceMs = 20_000;
const farewellMs = 10_000;

const signals = new Map(Object.entries(constants.signals).map(([signal, number]) => [128 + number, signal]));

/** Runs a program on the other side to its end. Its own exit code is told from the end of the connection by a mark of ours. */
export async function runOverSsh(connection: SshConnection, name: string, command: Command): Promise<CommandResult> {
  const { stdin, signal, onLine, timeoutMs } = command;
  const idle = { timedOut: false, isCanceled: true, isMaxBuffer: false, stdout: "", stderr: "" };
  if (signal?.aborted === true) throw commandFailure(command, idle);
  const nonce = randomBytes(16).toString("hex");
  const input = typeof stdin === "string" ? Buffer.from(stdin) : (stdin ?? new Uint8Array());
  const { program, args } = boundedCommand(command);
  const seconds = (Math.min(Math.max(1, timeoutMs), 2 ** 31) / 1000).toFixed(3);
  const environment = ["env", "LC_ALL=C", ...Object.entries(command.env ?? {}).map(([key, value]) => `${key}=${value}`)];
  const script = `${shellLibrary}\nnonce=$1\nshift\nwatched "$@"`;
  const started = performance.now();
  const channel = await connection.start(script, [nonce, seconds, String(input.length), ...environment, program, ...args], program);
  if (input.length > 0) channel.stdin.write(input);
  const ending = await follow(channel, nonce, { signal, timeoutMs, onLine });
  if (ending.exitCode === undefined && !ending.isCanceled && !ending.timedOut && !ending.isMaxBuffer) {
    throw connection.lost ?? channel.failure ?? connectionLost(name, ending.stderr);
  }
  const failure = commandFailure(command, inWords(ending, program, performance.now() - started >= timeoutMs));
  if (failure !== undefined) throw failure;
  return { exitCode: ending.exitCode ?? 0, stdout: ending.stdout, stderr: ending.stderr };
}

function follow(
  channel: SshChannel,
  nonce: string,
  command: { readonly signal: AbortSignal | undefined; readonly timeoutMs: number; readonly onLine: Command["onLine"] },
): Promise<Ending> {
  const { signal, timeoutMs } = command;
  // The mark is between us and the other side.
  const onLine = command.onLine && ((line: string) => void (line.startsWith(nonce) || command.onLine?.(line)));
  const outputs = { stdout: readText(channel.stdout, onLine), stderr: readText(channel.stderr, onLine) };
  let canceled = false;
  let late = false;
  let tooMuch = false;
  // The end of its input is what stops a program there.
  const stop = () => {
    channel.stdin.end();
    setTimeout(() => channel.kill(), graceMs).unref();
  };
  const cancel = () => {
    canceled = true;
    stop();
  };
  signal?.addEventListener("abort", cancel, { once: true });
  const beat = setInterval(() => {
    if (channel.stdin.writable) channel.stdin.write(".");
  }, beatMs);
  const deadline = setTimeout(
    () => {
      late = true;
      channel.kill();
    },
    Math.min(timeoutMs + graceMs, 2 ** 31 - 1),
  );
  for (const output of [outputs.stdout, outputs.stderr]) {
    output.onTooMuch = () => {
      tooMuch = true;
      stop();
    };
  }
  return new Promise((resolve) => {
    channel.onClose(() => {
      clearInterval(beat);
      clearTimeout(deadline);
      signal?.removeEventListener("abort", cancel);
      const errors = outputs.stderr.end();
      const mark = new RegExp(`\\n${nonce} (\\d+)\\n`).exec(errors);
      resolve({
        exitCode: mark === null ? undefined : Number(mark[1]),
        timedOut: late,
        isCanceled: canceled,
        isMaxBuffer: tooMuch,
        stdout: outputs.stdout.end(),
        stderr: mark === null ? errors : errors.replace(mark[0], ""),
      });
    });
  });
}

/** What the other side's exit codes stand for: timeout's and the shell's, besides the program's own. */
export function inWords(ending: Ending, program: string, timeIsUp: boolean): Ending {
  const { exitCode = 0, stderr } = ending;
  if (timeIsUp && (exitCode === 124 || exitCode === 137)) return { ...ending, timedOut: true };
  if (exitCode === 127 && /^(?:env|timeout): .*(?:No such file|not found)/m.test(stderr)) {
    return { ...ending, exitCode: undefined, code: "ENOENT", originalMessage: `${program} is not there` };
  }
  const signal = signals.get(exitCode);
  return signal === undefined ? ending : { ...ending, exitCode: undefined, signal };
}

interface TextReader {
  onTooMuch: () => void;
  end(): string;
}

/** Text as it comes, whole at the end. */
function readText(stream: NodeJS.ReadableStream, onLine: Command["onLine"]) {
  const decoder = new StringDecoder("utf8");
  const splitter = createLineSplitter(onLine ?? (() => undefined));
  const pieces: string[] = [];
  let length = 0;
  const reader: TextReader = {
    onTooMuch: () => {},
    end() {
      take(decoder.end());
      splitter.end();
      return pieces.join("");
    },
  };
  function take(text: string): void {
    length += text.length;
    if (length > maxOutput) {
      reader.onTooMuch();
      return;
    }
    pieces.push(text);
    if (onLine !== undefined) splitter.push(text);
  }
  stream.on("data", (chunk: Buffer) => take(decoder.write(chunk)));
  return reader;
}

/** Starts a program on the other side to talk to. A connection that ends ends it without an exit code. */
export function openOverSsh(connection: SshConnection, command: Pick<Command, "program" | "args" | "env">): Conversation {
  const { program, args, env = {} } = command;
  const words = ["env", "LC_ALL=C", ...Object.entries(env).map(([key, value]) => `${key}=${value}`), program, ...args];
  // One that is not there ends without a word, as here.
  const script = `PATH=$PATH:/usr/sbin:/sbin\nexport PATH\ncd /\ncommand -v "$1" >/dev/null || exit 127\nshift\nexec "$@"`;
  const ended = Promise.withResolvers<{ readonly exitCode: number | undefined }>();
  const early: string[] = [];
  let channel: SshChannel | undefined;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  const conversation: Conversation = {
    onOutput: () => undefined,
    onError: () => undefined,
    ended: ended.promise,
    write(text) {
      if (channel === undefined) early.push(text);
      else if (channel.stdin.writable) channel.stdin.write(text);
    },
    async close() {
      closed = true;
      channel?.stdin.end();
      timer = setTimeout(() => channel?.kill(), farewellMs);
      await ended.promise;
      clearTimeout(timer);
    },
    kill() {
      closed = true;
      channel?.kill();
    },
  };
  connection.start(script, [program, ...words], program).then(
    (started) => {
      channel = started;
      started.stdout.setEncoding("utf8").on("data", (text: string) => conversation.onOutput(text));
      started.stderr.setEncoding("utf8").on("data", (text: string) => conversation.onError(text));
      // 255 is ssh's own word for an end of the connection, 127 the shell's for a program that is not there.
      started.onClose((code) => ended.resolve({ exitCode: code === null || code === 255 || code === 127 ? undefined : code }));
      for (const text of early) started.stdin.write(text);
      if (closed) started.stdin.end();
    },
    () => ended.resolve({ exitCode: undefined }),
  );
  return conversation;
}

/** A function of the library as a command, for what takes long: it can be stopped, and has a channel of its own. */
export function libraryCommand(words: readonly string[], more: Pick<Command, "timeoutMs" | "signal" | "okExitCodes">): Command {
  const { timeoutMs, signal, okExitCodes } = more;
  return {
    program: "sh",
    args: ["-c", `${shellLibrary}\n${shellLine(words)}`],
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
    ...(okExitCodes === undefined ? {} : { okExitCodes }),
  };
}
