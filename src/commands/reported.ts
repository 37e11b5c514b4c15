import type { Reporter } from "../model/event.ts";
import { failureDiagnostics } from "../model/failure-diagnostics.ts";
import { chooseFormat, createReporter, type ReporterOptions } from "../report/index.ts";
import { version } from "../version.ts";
import type { Invocation } from "./command.ts";
import type { Io } from "./io.ts";
import { outputs } from "./outputs.ts";

/**
 * Runs the work of a command with the reporter that shows it: the one of `--format` or `--json`, else a terminal interface where the work
 * is `interactive` and there is one, else text. What a user can fix is reported and gives exit code 1; a bug is thrown.
 */
export async function reported(
  invocation: Invocation,
  io: Io,
  options: Pick<ReporterOptions, "command"> & Partial<Pick<ReporterOptions, "onInterrupt">> & { readonly interactive?: boolean },
  work: (reporter: Reporter) => Promise<number>,
): Promise<number> {
  const { interactive = false, ...rest } = options;
  const isTTY = interactive && io.stdout.isTTY === true && io.stdin.isTTY === true;
  const asked = invocation.text("format") ?? (invocation.flag("json") ? "json" : undefined);
  const format = asked ?? chooseFormat({ json: false, isTTY, env: io.env });
  const reporter = await createReporter(format, {
    ...rest,
    ...outputs(io, invocation.flag("no-color")),
    ...(isTTY ? { stdin: io.stdin } : {}),
    interactive: isTTY && format !== "json",
    version,
  });
  try {
    return await work(reporter);
  } catch (error) {
    const diagnostics = failureDiagnostics(error);
    if (diagnostics === undefined) throw error;
    reporter.event({ type: "failed", diagnostics });
    return 1;
  } finally {
    await reporter.close();
  }
}
