import { lookUpFacts } from "../kinds/host/facts.ts";
import { canApply, hasChanges } from "../model/plan.ts";
import { plan } from "../reconcile.ts";
import { createReporter } from "../report/index.ts";
import { version } from "../version.ts";
import type { Invocation } from "./command.ts";
import { writePlanFile } from "./plan-file.ts";
import { openSession } from "./session.ts";
import { useColor } from "./use-color.ts";

/** What `plan` and `drift` share. Resolves to the exit code, which comes from the same list as what is shown. */
export async function runPlan(
  invocation: Invocation,
  options: { readonly command: "plan" | "drift"; readonly detailedExitCode: boolean; readonly out: string | undefined },
): Promise<number> {
  await using session = await openSession(invocation.positionals);
  const result = await plan({ ...session, lookUpFacts, targets: invocation.texts("target"), destroy: false });
  const shown = options.command === "drift" ? { ...result, unmanaged: [] } : result;
  const reporter = await createReporter({
    format: invocation.flag("json") ? "json" : "text",
    color: useColor(process.stdout, invocation.flag("no-color")),
    stdout: process.stdout,
    stderr: process.stderr,
    command: options.command,
    interactive: false,
    version,
  });
  reporter.event({ type: "plan", plan: shown });
  await reporter.close();
  if (!canApply(result)) return 1;
  if (options.out !== undefined) {
    await writePlanFile(options.out, result, version);
    process.stderr.write(`Saved the plan to ${options.out}. Apply exactly this with: virtform apply ${options.out}\n`);
  }
  return options.detailedExitCode && hasChanges(result) ? 2 : 0;
}
