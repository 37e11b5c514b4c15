import { setTimeout as pause } from "node:timers/promises";
import type { Context } from "../../../model/context.ts";
import { CommandError, errorMessage } from "../../../model/errors.ts";
import { escapeControls } from "../../../model/escape-controls.ts";
import { shellWord } from "../../../model/shell-word.ts";
import type { Lack } from "./lack.ts";

/** Between two runs of a program that said "not yet". */
const againMs = 1_000;
const mostLines = 8;
const longestLine = 200;

/** A program that is asked whether an interface is ready. */
export interface AskedProgram {
  readonly command: readonly string[];
  /** What it gets in its environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** What a program has said so far. `errors`: the end of its error output. */
export interface ProgramWord {
  /** Undefined: it said yes. */
  readonly lack: Lack | undefined;
  readonly errors: readonly string[];
}

/** Programs while they are asked. */
export interface AskedPrograms extends AsyncDisposable {
  /** What each has said, in their order. */
  words(): readonly ProgramWord[];
}

/**
 * Asks programs of the host, all at the same time and each until it says yes or that it will not. They are ended with the object, and at the latest after
 * `withinMs`.
 */
export function askPrograms({ host }: Pick<Context, "host">, programs: readonly AskedProgram[], withinMs: number): AskedPrograms {
  const deadline = performance.now() + withinMs;
  const end = new AbortController();
  const said = programs.map(({ command }): ProgramWord => ({ lack: { words: `${wordsOf(command)} has not ended` }, errors: [] }));
  const failures: unknown[] = [];
  const ask = async ({ command, env }: AskedProgram, index: number): Promise<void> => {
    const [program = "", ...args] = command;
    while (!end.signal.aborted) {
      const timeoutMs = deadline - performance.now();
      if (timeoutMs <= 0) return;
      try {
        const { exitCode, stderr } = await host.run({ program, args, env, timeoutMs, okExitCodes: [0, 1], signal: end.signal });
        said[index] = exitCode === 0 ? { lack: undefined, errors: [] } : notYet(command, stderr);
        if (exitCode === 0) return;
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        if (error.reason === "aborted") return;
        const isLate = error.reason === "timeout";
        const words = isLate ? `${wordsOf(command)} has not ended` : failureWords(command, error);
        said[index] = { lack: isLate ? { words } : { words, final: true }, errors: tailOf(error.stderr) };
        return;
      }
      await pause(againMs, undefined, { signal: end.signal }).catch(() => undefined);
    }
  };
  const asked = programs.map((program, index) => ask(program, index).catch((error: unknown) => void failures.push(error)));
  return {
    words() {
      if (failures.length > 0) throw failures[0];
      return [...said];
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await Promise.all(asked);
    },
  };
}

function notYet(command: readonly string[], stderr: string): ProgramWord {
  const errors = tailOf(stderr);
  const last = errors.at(-1);
  return { lack: { words: `${wordsOf(command)} reports that it is not ready yet${last === undefined ? "" : ` (${last})`}` }, errors };
}

function failureWords(command: readonly string[], { reason, exitCode, message }: CommandError): string {
  if (reason === "missing") return `${wordsOf(command)} does not exist on the host`;
  return exitCode === undefined ? escapeControls(errorMessage({ message })) : `${wordsOf(command)} failed with exit code ${exitCode}`;
}

function wordsOf([program = ""]: readonly string[]): string {
  return shellWord(program);
}

/** The last lines of an error output, few, short and without characters that a terminal obeys. */
function tailOf(stderr: string): string[] {
  const lines = stderr.split(/\r*\n/).filter((line) => line.trim() !== "");
  return lines.slice(-mostLines).map((line) => escapeControls(line.slice(0, longestLine)));
}
