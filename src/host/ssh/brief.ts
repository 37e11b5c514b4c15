import type { CommandError } from "../../model/errors.ts";
import type { Command, CommandResult } from "../../model/host.ts";
import { commandFailure } from "../command-failure.ts";
import { boundedCommand } from "../command-line.ts";
import { inWords } from "./command.ts";
import { shellLine } from "./quote.ts";
import type { SshWorkers } from "./worker.ts";

/** Beyond a program's own time: for its stop. */
const graceMs = 20_000;

/**
 * Runs a brief program in one of the shells that are kept for files: a channel of its own, with the login shell and the watch
 * that belong to it, would cost more than the program. Its end is not waited for when the signal says stop.
 */
export async function runBriefly(workers: SshWorkers, command: Command): Promise<CommandResult> {
  const { signal, timeoutMs, env = {} } = command;
  const { program, args } = boundedCommand(command);
  const own = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  const words = ["brief", (Math.max(1, timeoutMs) / 1000).toFixed(3), ...(own.length === 0 ? [] : ["env", ...own]), program, ...args];
  const aborted = Promise.withResolvers<never>();
  const stop = () => aborted.reject(stopped(command));
  if (signal?.aborted === true) throw stopped(command);
  signal?.addEventListener("abort", stop, { once: true });
  const started = performance.now();
  try {
    const reply = await Promise.race([workers.run(shellLine(words), { timeoutMs: timeoutMs + graceMs }), aborted.promise]);
    const { code, stderr } = reply;
    const stdout = reply.stdout.toString("utf8");
    const ending = { exitCode: code, timedOut: false, isCanceled: false, isMaxBuffer: false, stdout, stderr };
    const failure = commandFailure(command, inWords(ending, program, performance.now() - started >= timeoutMs));
    if (failure !== undefined) throw failure;
    return { exitCode: code, stdout, stderr };
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

function stopped(command: Command): CommandError {
  const failure = commandFailure(command, { timedOut: false, isCanceled: true, isMaxBuffer: false, stdout: "", stderr: "" });
  if (failure === undefined) throw new Error("a command that was stopped has failed");
  return failure;
}
