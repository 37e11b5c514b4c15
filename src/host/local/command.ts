import { closeSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { execa } from "execa";
import type { Command, CommandResult, Conversation } from "../../model/host.ts";
import { commandFailure, type Ending } from "../command-failure.ts";
import { boundedCommand, type CommandWords, commandEnvironment, onProcessor } from "../command-line.ts";
import { createLineSplitter } from "../line-splitter.ts";
import { openStandardInput } from "./standard-input.ts";

/** More output than any command used here can produce. */
const maxOutput = 64 * 2 ** 20;
const maxTimeout = 2 ** 31 - 1;
/** How long a program may take to exit after its input was closed. */
const farewellMs = 10_000;

const common = {
  reject: false,
  stripFinalNewline: false,
  maxBuffer: maxOutput,
  forceKillAfterDelay: 5000,
  // Makes a process group: what a program started is stopped with it, and the interrupt key reaches only us, who finish
  // what is running.
  killDescendants: true,
} as const;

/** How long the last output may take to arrive after a program has exited. */
const lastOutputMs = 100;

/**
 * Runs a program to its end. Throws a CommandError unless the exit code is acceptable. `leavesBehind`: programs that it started may run on, and
 * their output is not waited for.
 */
export async function runCommand(command: Command, leavesBehind = false): Promise<CommandResult> {
  const { processor } = command;
  const line = boundedCommand(command);
  const bound = processor === undefined ? undefined : await runToEnd(command, onProcessor(processor, line), leavesBehind);
  const ending = bound === undefined || wasNotBound(bound) ? await runToEnd(command, line, leavesBehind) : bound;
  const failure = commandFailure(command, ending);
  if (failure !== undefined) throw failure;
  return { exitCode: ending.exitCode ?? 0, stdout: ending.stdout, stderr: ending.stderr };
}

async function runToEnd({ stdin, signal, onLine, env, timeoutMs }: Command, { program, args }: CommandWords, leavesBehind: boolean) {
  if (signal?.aborted === true) return neverStarted;
  const input = stdin === undefined ? undefined : openStandardInput(stdin);
  const running = execa(program, args, {
    ...common,
    env: commandEnvironment(process.env, env),
    timeout: Math.min(Math.max(1, Math.ceil(timeoutMs)), maxTimeout),
    // Any descriptor works; the types know only the lowest.
    stdin: input === undefined ? "ignore" : (input as 3),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  // The program has its own copy of the descriptor now.
  if (input !== undefined) closeSync(input);
  if (onLine !== undefined) {
    for (const stream of [running.stdout, running.stderr]) splitLines(stream, onLine);
  }
  if (leavesBehind) {
    running.nodeChildProcess.once("exit", () => {
      setTimeout(() => {
        running.stdout.destroy();
        running.stderr.destroy();
      }, lastOutputMs);
    });
  }
  return running;
}

/** taskset is missing, or the kernel does not let the program run on that processor. */
function wasNotBound({ code, exitCode, stderr }: Ending): boolean {
  return code === "ENOENT" || (exitCode !== 0 && /^taskset: /.test(stderr));
}

const neverStarted: Ending = { timedOut: false, isCanceled: true, isMaxBuffer: false, stdout: "", stderr: "" };

function splitLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  const decoder = new StringDecoder("utf8");
  const splitter = createLineSplitter(onLine);
  stream.on("data", (chunk: Buffer) => splitter.push(decoder.write(chunk)));
  stream.on("end", () => {
    splitter.push(decoder.end());
    splitter.end();
  });
}

/** Starts a program to talk to. A missing program ends at once, without an exit code. */
export function openConversation(command: Pick<Command, "program" | "args" | "env">): Conversation {
  const running = execa(command.program, command.args, {
    ...common,
    env: commandEnvironment(process.env, command.env),
    stdin: "pipe",
    buffer: false,
  });
  // The program may exit before it has read everything; its exit code shows that.
  running.stdin.on("error", () => undefined);
  const ended = running.then(({ exitCode }) => ({ exitCode }));
  const conversation: Conversation = {
    onOutput: () => undefined,
    onError: () => undefined,
    ended,
    write(text) {
      if (running.stdin.writable) running.stdin.write(text);
    },
    async close() {
      running.stdin.end();
      const timer = setTimeout(() => running.kill(), farewellMs);
      await ended;
      clearTimeout(timer);
    },
    kill() {
      running.kill();
    },
  };
  running.stdout.setEncoding("utf8").on("data", (text: string) => conversation.onOutput(text));
  running.stderr.setEncoding("utf8").on("data", (text: string) => conversation.onError(text));
  return conversation;
}
