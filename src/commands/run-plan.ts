import { acceptDrift } from "../engine/accept-drift.ts";
import { hasChanges, hasDriftWhileRunning, isErrored, type Plan } from "../model/plan.ts";
import { shellWord } from "../model/shell-word.ts";
import { plan, refuseReaders } from "../reconcile.ts";
import { runsOf } from "../runs-of.ts";
import { version } from "../version.ts";
import type { Invocation } from "./command.ts";
import { readIgnoreFiles } from "./ignore-file.ts";
import type { Io } from "./io.ts";
import { openConfigured } from "./open-session.ts";
import { outputs } from "./outputs.ts";
import { writePlanFile } from "./plan-file.ts";
import { reported } from "./reported.ts";
import { runExplain } from "./run-explain.ts";

interface Options {
  readonly command: "plan" | "drift";
  readonly detailedExitCode: boolean;
  readonly out: string | undefined;
}

/** What `plan` and `drift` share. Resolves to the exit code, which follows from the plan that is shown. */
export function runPlan(invocation: Invocation, io: Io, { command, detailedExitCode, out }: Options): Promise<number> {
  return reported(invocation, io, { command }, async ({ event }) => {
    const accepted = await readIgnoreFiles(invocation.texts("ignore"));
    await using session = await openConfigured(invocation.positionals, io);
    if (out !== undefined) refuseReaders(session.hosts);
    if (invocation.texts("explain").length > 0)
      return await runExplain(session, invocation, { event, color: outputs(io, invocation.flag("no-color")).color });
    const targets = invocation.texts("target");
    const made = await plan(
      runsOf(session, {
        targets,
        exclude: invocation.texts("exclude"),
        replace: invocation.texts("replace"),
        mode: () => ({ do: invocation.flag("destroy") ? "destroy" : "apply" }),
        fingerprints: out !== undefined,
        verify: invocation.flag("verify"),
      }),
    );
    const result = accepted.length === 0 ? made : acceptDrift(made, accepted, new Date().toISOString().slice(0, 10));
    const waits = ({ pending }: Plan) => invocation.flag("pending") && pending.length > 0;
    event({ type: "plan", plan: command === "drift" ? { ...result, unmanaged: [] } : result });
    if (isErrored(result)) return 1;
    if (out !== undefined) {
      await writePlanFile(out, result, version);
      io.stderr.write(`Saved the plan to ${out}. Apply exactly this with: virtform apply ${shellWord(out)}\n`);
    }
    const differs = hasChanges(result) || (command === "drift" && (waits(result) || hasDriftWhileRunning(result)));
    return detailedExitCode && differs ? 2 : 0;
  });
}
