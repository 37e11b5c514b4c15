import { escapeControls } from "../model/escape-controls.ts";
import { failureDiagnostics } from "../model/failure-diagnostics.ts";
import { stackOf } from "../model/stack-of.ts";
import { formatDiagnostics } from "../report/diagnostics.ts";
import type { Io } from "./io.ts";
import { useColor } from "./use-color.ts";

/**
 * Shows what ended a command and gives the exit code, 1. What a user can fix is shown without a stack, with `json` in the form that the
 * command has for errors; anything else is a bug in virtform and shown as one.
 */
export async function showFailure(
  error: unknown,
  { stdout, stderr, env }: Io,
  options: { readonly noColor: boolean; readonly json?: { readonly command: string } },
): Promise<number> {
  const diagnostics = failureDiagnostics(error);
  const color = useColor(stderr, env, options.noColor);
  if (diagnostics === undefined) {
    stderr.write(`Error: this should not happen, and is a bug in virtform.\n\n${escapeControls(stackOf(error), "\n")}\n`);
  } else if (options.json === undefined) {
    stderr.write(formatDiagnostics(diagnostics, { color }));
  } else {
    const { createJsonReporter } = await import("../report/json-reporter.ts");
    const { version } = await import("../version.ts");
    const reporter = createJsonReporter({ ...options.json, stdout, stderr, color, interactive: false, version });
    reporter.event({ type: "failed", diagnostics });
    await reporter.close();
  }
  return 1;
}
