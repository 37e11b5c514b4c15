import { CommandError, RefusedError, UnreachableError, UserError } from "../model/errors.ts";
import { formatDiagnostics } from "../report/diagnostics.ts";
import { useColor } from "./use-color.ts";

/**
 * Shows what ended a command and gives the exit code, 1. What a user can mend is shown without a stack; anything else is
 * a bug in virtform and shown as one.
 */
export function showFailure(error: unknown): number {
  const color = useColor(process.stderr);
  if (error instanceof UserError) {
    process.stderr.write(formatDiagnostics(error.diagnostics, { color }));
  } else if (error instanceof UnreachableError || error instanceof CommandError || error instanceof RefusedError) {
    process.stderr.write(formatDiagnostics([{ severity: "error", code: error.name, summary: error.message }], { color }));
  } else {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`Error: this should not happen, and is a bug in virtform.\n\n${stack}\n`);
  }
  return 1;
}
