import { escapeControls } from "../model/escape-controls.ts";
import { failureDiagnostics } from "../model/failure-diagnostics.ts";
import { formatDiagnostics } from "../report/diagnostics.ts";
import type { Io } from "./io.ts";
import { useColor } from "./use-color.ts";

/**
 * Shows what ended a command and gives the exit code, 1. What a user can fix is shown without a stack; anything else is
 * a bug in virtform and shown as one.
 */
export function showFailure(error: unknown, { stderr, env }: Io, options: { readonly noColor: boolean }): number {
  const diagnostics = failureDiagnostics(error);
  if (diagnostics !== undefined) {
    stderr.write(formatDiagnostics(diagnostics, { color: useColor(stderr, env, options.noColor) }));
  } else {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    stderr.write(`Error: this should not happen, and is a bug in virtform.\n\n${escapeControls(stack, "\n")}\n`);
  }
  return 1;
}
