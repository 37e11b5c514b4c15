import type { Diagnostic } from "./diagnostic.ts";
import { CodedError, errorMessage } from "./errors.ts";
import { stackOf } from "./stack-of.ts";

/** What a thrown error tells the user; undefined for a bug in virtform. */
export function failureDiagnostics(error: unknown): readonly Diagnostic[] | undefined {
  if (error instanceof CodedError) return error.diagnostics;
  // Undoing something half made failed as well: the failure that led to it comes first.
  if (error instanceof SuppressedError) {
    const [first, second] = [failureDiagnostics(error.suppressed), failureDiagnostics(error.error)];
    return first === undefined || second === undefined ? undefined : [...first, ...second];
  }
  return isSystemError(error)
    ? [
        {
          severity: "error",
          code: "system-error",
          summary: error.message,
          detail: "The operating system refused it. Remove the cause, and run the same command again.",
        },
      ]
    : undefined;
}

/** The same, with a bug shown as one: with its stack. */
export function diagnosticsOf(error: unknown): readonly Diagnostic[] {
  return failureDiagnostics(error) ?? [bugDiagnostic(error)];
}

/** How a bug in virtform is shown to the user. */
function bugDiagnostic(error: unknown): Diagnostic {
  const summary = `This is a bug in virtform: ${errorMessage(error)}`;
  return { severity: "error", code: "internal-error", summary, detail: stackOf(error) };
}

/** Whether a system call failed: a full disk, a closed connection. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && typeof error.code === "string" && "syscall" in error;
}
