import type { Diagnostic } from "./diagnostic.ts";

/** Mistakes that the user can mend: shown as diagnostics, never with a stack. */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((diagnostic) => diagnostic.summary).join("; "));
    this.diagnostics = diagnostics;
  }
}

/** One user-fixable problem, thrown on its own. */
export function userError(code: string, summary: string, detail?: string): UserError {
  return new UserError([{ severity: "error", code, summary, ...(detail === undefined ? {} : { detail }) }]);
}

/** A program that failed, could not be started, or ran out of time. The message names the command line and the end of its error output. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly commandLine: string;
  readonly exitCode: number | undefined;
  readonly stderr: string;
  readonly reason: "exit" | "missing" | "timeout" | "signal" | "aborted";
  constructor(fields: {
    commandLine: string;
    exitCode: number | undefined;
    stderr: string;
    reason: CommandError["reason"];
    message: string;
    cause?: unknown;
  }) {
    super(fields.message, { cause: fields.cause });
    this.commandLine = fields.commandLine;
    this.exitCode = fields.exitCode;
    this.stderr = fields.stderr;
    this.reason = fields.reason;
  }
}

/** The machine cannot be reached or stopped answering: never to be read as "the object is gone". */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** An image or file that must not be used. `code` is stable: `image-has-backing-file`. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The text of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
