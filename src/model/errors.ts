import type { Diagnostic } from "./diagnostic.ts";
import { diagnosticText } from "./diagnostic-text.ts";

/**
 * A failure that has something to tell the user: it is shown as its diagnostics, without a stack. Any other error is a bug in virtform and
 * keeps its stack.
 */
export class CodedError extends Error {
  override readonly name: string = "CodedError";
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[], options: { readonly message?: string; readonly cause?: unknown } = {}) {
    const { message = diagnostics.map(diagnosticText).join(" "), cause } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.diagnostics = diagnostics;
  }

  /** Of the first diagnostic. Stable, kebab-case. */
  get code(): string {
    return this.diagnostics[0]?.code ?? "unknown";
  }

  /** Of the first diagnostic: what is wrong. */
  get summary(): string {
    return this.diagnostics[0]?.summary ?? this.message;
  }

  /** Of the first diagnostic: why it matters, and what to do. */
  get detail(): string {
    return this.diagnostics[0]?.detail ?? "";
  }
}

/** Mistakes that the user can fix. */
export class UserError extends CodedError {
  override readonly name: string = "UserError";
}

/** One failure that the user can do something about, thrown on its own. */
export function userError(code: string, summary: string, detail: string): UserError {
  return new UserError([errorOf(code, summary, detail)]);
}

/** A program that failed, could not be started, or ran out of time. The message names the command line and the end of its error output. */
export class CommandError extends CodedError {
  override readonly name: string = "CommandError";
  readonly commandLine: string;
  readonly exitCode: number | undefined;
  readonly stderr: string;
  readonly reason: "exit" | "missing" | "timeout" | "signal" | "aborted";
  constructor(fields: {
    commandLine: string;
    exitCode: number | undefined;
    stderr: string;
    reason: CommandError["reason"];
    summary: string;
    detail: string;
    cause?: unknown;
  }) {
    super([errorOf(fields.reason === "missing" ? "program-missing" : "command-failed", fields.summary, fields.detail)], {
      cause: fields.cause,
    });
    this.commandLine = fields.commandLine;
    this.exitCode = fields.exitCode;
    this.stderr = fields.stderr;
    this.reason = fields.reason;
  }
}

/** The machine cannot be reached or stopped answering: never to be read as "the object is gone". */
export class UnreachableError extends CodedError {
  override readonly name: string = "UnreachableError";
  constructor(
    summary: string,
    detail = "Check that the host is up and can be reached (`virtform doctor`), and run the same command again.",
  ) {
    super([errorOf("host-unreachable", summary, detail)]);
  }
}

/** An image, file or guest that must not be used or changed as planned. */
export class RefusedError extends CodedError {
  override readonly name: string = "RefusedError";
  constructor(code: string, summary: string, detail: string) {
    super([errorOf(code, summary, detail)]);
  }
}

/** A program or daemon answered in a form that is not understood. `what` says what was expected; `answer` is shown in part. */
export function unexpectedAnswer(program: string, what: string, answer?: string): CodedError {
  const shown = answer === undefined ? "" : ` It answered ${JSON.stringify(answer.slice(0, 200))}.`;
  const detail = `${what}${shown} Its version may be older or newer than the ones that virtform supports. Run the same command again; if it fails again, run it with --trace=FILE and report the error with that file.`;
  const summary = `The answer of ${program} is not understood`;
  return new CodedError([errorOf("unexpected-answer", summary, detail)], { message: `${summary}: ${detail}` });
}

/** What anything that was thrown says, in short: without the details of its diagnostics. */
export function errorMessage(error: unknown): string {
  if (error instanceof CodedError) return error.diagnostics.map(({ summary }) => summary).join("; ");
  return error instanceof Error ? error.message : String(error);
}

function errorOf(code: string, summary: string, detail: string): Diagnostic {
  return { severity: "error", code, summary, detail };
}
