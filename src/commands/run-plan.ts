import { CommandError, UnreachableError, UserError } from "../model/errors.ts";
import { failureDiagnostics } from "../model/failure-diagnostics.ts";
import { canApply, hasChanges, type Plan } from "../model/plan.ts";
import { plan } from "../reconcile.ts";
import { createReporter } from "../report/index.ts";
import { failedPlanJson } from "../report/json.ts";
import { version } from "../version.ts";
import type { Invocation } from "./command.ts";
import { outputs } from "./outputs.ts";
import { writePlanFile } from "./plan-file.ts";
import { openSession, type Session } from "./session.ts";
import { showFailure } from "./show-failure.ts";

interface Options {
  readonly command: "plan" | "drift";
  readonly detailedExitCode: boolean;
  readonly out: string | undefined;
}

/** What `plan` and `drift` share. Resolves to the exit code, which comes from the same list as what is shown. */
export async function runPlan(invocation: Invocation, options: Options): Promise<number> {
  try {
    return await planAndShow(invocation, options);
  } catch (error) {
    const diagnostics = failureDiagnostics(error);
    if (diagnostics === undefined || !invocation.flag("json")) throw error;
    // Whoever reads JSON gets a document in any case; whoever reads the log of the pipeline finds the reason there.
    process.stdout.write(`${JSON.stringify(failedPlanJson(diagnostics, version), null, 2)}\n`);
    return showFailure(error, { noColor: invocation.flag("no-color") });
  }
}

async function planAndShow(invocation: Invocation, { command, detailedExitCode, out }: Options): Promise<number> {
  await using session = await openSession(invocation.positionals);
  const result = await planOf(session, invocation.texts("target"), out !== undefined);
  const json = invocation.flag("json");
  const noColor = invocation.flag("no-color");
  const reporter = await createReporter({ format: json ? "json" : "text", ...outputs(noColor), command, interactive: false, version });
  reporter.event({ type: "plan", plan: command === "drift" ? { ...result, unmanaged: [] } : result });
  await reporter.close();
  if (!canApply(result)) {
    if (json) showFailure(new UserError(result.diagnostics.filter(({ severity }) => severity === "error")), { noColor });
    return 1;
  }
  if (out !== undefined) {
    await writePlanFile(out, result, version);
    process.stderr.write(`Saved the plan to ${out}. Apply exactly this with: virtform apply ${out}\n`);
  }
  return detailedExitCode && hasChanges(result) ? 2 : 0;
}

/** A host that cannot be looked at gives a plan that says so, and not no plan. */
async function planOf(session: Session, targets: readonly string[], fingerprints: boolean): Promise<Plan> {
  try {
    return await plan({ ...session, targets, destroy: false, fingerprints });
  } catch (error) {
    if (!(error instanceof UnreachableError || error instanceof CommandError)) throw error;
    const { project, settings } = session.context;
    return {
      formatVersion: "1.0",
      project,
      target: { uri: settings.uri, instancesPath: settings.instancesPath },
      changes: [],
      unchanged: [],
      actions: [],
      diagnostics: [...session.warnings, ...(failureDiagnostics(error) ?? [])],
      unmanaged: [],
      complete: false,
      basis: {},
    };
  }
}
