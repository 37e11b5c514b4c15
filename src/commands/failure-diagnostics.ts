import type { Diagnostic } from "../model/diagnostic.ts";
import { CommandError, errorMessage, RefusedError, UnreachableError, UserError } from "../model/errors.ts";

/** What a thrown error says to the user; undefined for what nobody but a programmer can mend. */
export function failureDiagnostics(error: unknown): readonly Diagnostic[] | undefined {
  if (error instanceof UserError) return error.diagnostics;
  const code = codeOf(error);
  return code === undefined ? undefined : [{ severity: "error", code, summary: errorMessage(error) }];
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof UnreachableError) return "host-unreachable";
  if (error instanceof CommandError) return error.reason === "missing" ? "program-missing" : "command-failed";
  return error instanceof RefusedError ? error.code : undefined;
}
