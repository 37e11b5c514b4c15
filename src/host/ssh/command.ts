import { constants } from "node:os";
import { StringDecoder } from "node:string_decoder";
import type { Command, CommandResult, Conversation } from "../../model/host.ts";
import { commandFailure, type Ending } from "../command-failure.ts";
import { boundedCommand } from "../command-line.ts";
import { createLineSplitter } from "../line-splitter.ts";
import type { SshChannel } from "./channel.ts";
import type { SshConnection } from "./connection.ts";
import type { Frame } from "./frames.ts";
import type { SshHelper } from "./helper.ts";

/** More output than any command used here can produce. */
const maxOutput = 64 * 2 ** 20;
/** How long stopping a program on the remote may take. */
const graceMs = 20_000;
const farewellMs = 10_000;
const maxSeconds = 2 ** 31 / 1000;

const signals = new Map(Object.entries(constants.signals).map(([signal, number]) => [number, signal]));

/** Runs a program on the remote to its end, through the helper. A signal that aborts stops it there. */
export async function runOverSsh(helper: SshHelper, command: Command): Promise<CommandResult> {
  const { stdin, signal, onLine, timeoutMs } = command;
  const ending: Ending = { timedOut: false, isCanceled: true, isMaxBuffer: false, stdout: "", stderr: "" };
  if (signal?.aborted === true) throw commandFailure(command, ending);
  const { program, args } = boundedCommand(command);
  const outputs = [createReader(onLine), createReader(onLine)] as const;
  const tooMuch = new AbortController();
  const onFrame = ({ message, blob }: Frame) => {
    const output = outputs[message["output"] === 1 ? 0 : 1];
    if (!output.take(blob)) tooMuch.abort();
  };
  const { message } = await helper.ask(
    {
      op: "run",
      words: [program, ...args],
      environment: command.env ?? {},
      ...(command.processor === undefined ? {} : { processor: command.processor }),
      seconds: Math.min(maxSeconds, Math.max(1, timeoutMs) / 1000),
    },
    {
      ...(stdin === undefined ? {} : { blob: typeof stdin === "string" ? Buffer.from(stdin) : stdin }),
      what: `running ${program}`,
      timeoutMs: timeoutMs + graceMs,
      alone: true,
      signal: signal === undefined ? tooMuch.signal : AbortSignal.any([signal, tooMuch.signal]),
      onFrame,
    },
  );
  const [stdout, stderr] = [outputs[0].end(), outputs[1].end()];
  const code = typeof message["code"] === "number" ? message["code"] : undefined;
  // Read again: it may have been aborted since.
  const isCanceled = signal === undefined ? false : isAborted(signal);
  const end: Ending = {
    exitCode: code !== undefined && code >= 0 ? code : undefined,
    ...(code !== undefined && code < 0 ? { signal: signals.get(-code) ?? `signal ${-code}` } : {}),
    ...(message["missing"] === true ? { code: "ENOENT" } : {}),
    ...(typeof message["words"] === "string" ? { originalMessage: message["words"] } : {}),
    timedOut: message["late"] === true,
    isCanceled,
    isMaxBuffer: tooMuch.signal.aborted,
    stdout,
    stderr,
  };
  const failure = commandFailure(command, end);
  if (failure !== undefined) throw failure;
  return { exitCode: code ?? 0, stdout, stderr };
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Collects text as it arrives. `take` returns false when the limit is exceeded. */
function createReader(onLine: Command["onLine"]): { take(chunk: Buffer): boolean; end(): string } {
  const decoder = new StringDecoder("utf8");
  const splitter = createLineSplitter(onLine ?? (() => undefined));
  const pieces: string[] = [];
  let length = 0;
  const add = (text: string) => {
    length += text.length;
    if (length > maxOutput) return false;
    pieces.push(text);
    if (onLine !== undefined) splitter.push(text);
    return true;
  };
  return {
    take: (chunk) => add(decoder.write(chunk)),
    end() {
      add(decoder.end());
      splitter.end();
      return pieces.join("");
    },
  };
}

/** Starts a program on the remote to talk to. A connection that ends ends it without an exit code. */
export function openOverSsh(connection: SshConnection, command: Pick<Command, "program" | "args" | "env">): Conversation {
  const { program, args, env = {} } = command;
  const words = ["env", "LC_ALL=C", ...Object.entries(env).map(([key, value]) => `${key}=${value}`), program, ...args];
  // A missing program ends without a message, as on the local host.
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
      // ssh exits with 255 when the connection ends, the shell with 127 when the program is missing.
      started.onClose((code) => ended.resolve({ exitCode: code === null || code === 255 || code === 127 ? undefined : code }));
      for (const text of early) started.stdin.write(text);
      if (closed) started.stdin.end();
    },
    () => ended.resolve({ exitCode: undefined }),
  );
  return conversation;
}
