import { CommandError } from "../model/errors.ts";
import type { Command } from "../model/host.ts";
import { boundedCommand, commandLine, lastWords, missingHint } from "./command-line.ts";

/** How a program ended, or why it could not be started. */
export interface Ending {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly timedOut: boolean;
  readonly isCanceled: boolean;
  readonly isMaxBuffer: boolean;
  /** Of a program that could not be started: `ENOENT`. */
  readonly code?: string | undefined;
  readonly originalMessage?: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly cause?: unknown;
}

/** The error of a failed command, with the command line to try by hand. Undefined when it succeeded. */
export function commandFailure(command: Command, ending: Ending): CommandError | undefined {
  if (ending.exitCode !== undefined && isAcceptable(command, ending)) return undefined;
  const { program, args } = boundedCommand(command);
  const line = commandLine(program, args);
  const { reason, text, remedy } = describe(command, ending);
  const said = lastWords(ending.stderr.trim() === "" ? ending.stdout : ending.stderr);
  const words = said === "" || reason === "missing" ? "" : `: ${said}`;
  return new CommandError({
    commandLine: line,
    exitCode: ending.exitCode,
    stderr: ending.stderr,
    reason,
    summary: `${text}${words}`,
    detail: `${remedy === undefined ? "" : `${remedy} `}The command was: ${line}`,
    cause: ending.cause,
  });
}

function isAcceptable(command: Command, ending: Ending): boolean {
  if (ending.timedOut || ending.isCanceled || ending.isMaxBuffer) return false;
  return (command.okExitCodes ?? [0]).includes(ending.exitCode ?? -1) && !isMissingBehindLimits(command, ending);
}

interface Described {
  readonly reason: CommandError["reason"];
  readonly text: string;
  readonly remedy?: string;
}

function describe(command: Command, ending: Ending): Described {
  const { program, limits, timeoutMs } = command;
  if (ending.isCanceled) return { reason: "aborted", text: `${program} was stopped` };
  if (ending.timedOut) return { reason: "timeout", text: `${program} did not finish within ${timeoutMs / 1000} s and was stopped` };
  if (ending.isMaxBuffer) return { reason: "signal", text: `${program} wrote too much output and was stopped` };
  if (isMissingBehindLimits(command, ending)) return missing(program);
  if (ending.code === "ENOENT") return missing(boundedCommand(command).program);
  if (ending.signal !== undefined) {
    const bounds =
      limits === undefined ? "" : ` (it may use ${limits.cpuSeconds} s of processor time and ${limits.addressSpaceBytes} bytes of memory)`;
    return { reason: "signal", text: `${program} was ended by ${ending.signal}${bounds}` };
  }
  if (ending.exitCode === undefined)
    return { reason: "exit", text: `${program} could not be started: ${ending.originalMessage ?? ending.code}` };
  return { reason: "exit", text: `${program} failed with exit code ${ending.exitCode}` };
}

function missing(program: string): Described {
  return { reason: "missing", text: `The program ${program} is not installed here`, remedy: missingHint(program) };
}

/** prlimit was started and could not find the program. */
function isMissingBehindLimits({ limits }: Command, { exitCode, stderr }: Ending): boolean {
  return limits !== undefined && exitCode === 127 && /^prlimit: failed to execute/m.test(stderr);
}
