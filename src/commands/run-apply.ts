import { confirmChanges } from "../kinds/disk/confirm.ts";
import { unusedBaseChanges } from "../kinds/image/remove.ts";
import { userError } from "../model/errors.ts";
import type { Reporter } from "../model/event.ts";
import { failureDiagnostics } from "../model/failure-diagnostics.ts";
import type { Plan } from "../model/plan.ts";
import { reconcile } from "../reconcile.ts";
import { chooseFormat, createReporter } from "../report/index.ts";
import { version } from "../version.ts";
import type { Invocation } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { type Interrupt, listenForInterrupt } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { outputs } from "./outputs.ts";
import { refuseUnknownActions } from "./plan-file.ts";
import { openPlanSession, openSession } from "./session.ts";

interface Options {
  readonly command: "apply" | "destroy" | "confirm";
  readonly savedPlan?: { readonly path: string; readonly plan: Plan };
}

/** What `apply`, `destroy` and `confirm` share. Resolves to the exit code. */
export async function runApply(invocation: Invocation, { outputFailed }: Io, options: Options): Promise<number> {
  const parallelism = parseParallelism(invocation.text("parallelism") ?? "4");
  const lockTimeoutMs = parseDuration(invocation.text("lock-timeout") ?? "30s", "lock-timeout");
  const json = invocation.flag("json");
  const terminal = process.stdout.isTTY === true && process.stdin.isTTY === true;
  let showStopping = () => {};
  using interrupt = listenForInterrupt(() => showStopping(), outputFailed);
  const reporter = await createReporter({
    format: chooseFormat({ json, isTTY: terminal, env: process.env }),
    ...outputs(invocation.flag("no-color")),
    command: options.command,
    interactive: terminal && !json,
    version,
    onInterrupt: interrupt.press,
  });
  showStopping = () => reporter.event({ type: "apply.stopping" });
  try {
    return await reconcileWith(invocation, options, { reporter: stoppable(reporter, interrupt), interrupt, parallelism, lockTimeoutMs });
  } catch (error) {
    const diagnostics = failureDiagnostics(error);
    if (diagnostics === undefined || !json) throw error;
    for (const diagnostic of diagnostics) reporter.event({ type: "diagnostic", diagnostic });
    return 1;
  } finally {
    await reporter.close();
  }
}

async function reconcileWith(
  invocation: Invocation,
  { command, savedPlan }: Options,
  given: { readonly reporter: Reporter; readonly interrupt: Interrupt; readonly parallelism: number; readonly lockTimeoutMs: number },
): Promise<number> {
  const { interrupt, ...rest } = given;
  await using session = await (savedPlan === undefined
    ? openSession(invocation.positionals, interrupt.abort)
    : openPlanSession(savedPlan.plan, interrupt.abort));
  if (savedPlan !== undefined)
    refuseUnknownActions(
      savedPlan.path,
      savedPlan.plan,
      session.kinds.flatMap(({ actions }) => actions),
    );
  const destroy = command === "destroy";
  const allowed = command === "confirm" ? [] : invocation.texts("allow-destroy");
  const { verdict } = await reconcile(
    {
      ...session,
      targets: invocation.texts("target"),
      destroy,
      ...(destroy && invocation.flag("images") ? { extraChanges: (observed) => unusedBaseChanges(observed, session.context.project) } : {}),
      ...(command === "confirm" ? { extraOnly: true, extraChanges: confirmChanges } : {}),
    },
    {
      ...rest,
      autoApprove: invocation.flag("auto-approve"),
      allowDestroy: allowed.includes("*") ? "all" : allowed,
      stop: interrupt.stop,
      ...(savedPlan === undefined ? {} : { savedPlan: savedPlan.plan }),
    },
  );
  return verdict === "done" || verdict === "nothing-to-do" ? 0 : 1;
}

/** Who has asked to stop before the question is not asked it. */
function stoppable(reporter: Reporter, { stop }: Interrupt): Reporter {
  const { confirm } = reporter;
  return {
    event: (event) => reporter.event(event),
    close: () => reporter.close(),
    ...(confirm === undefined ? {} : { confirm: async (question) => !stop.aborted && confirm.call(reporter, question) }),
  };
}

function parseParallelism(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= 256) return number;
  throw userError(
    "bad-parallelism",
    `--parallelism: "${text}" is not a number from 1 to 256`,
    "It says how many actions run at the same time; the default is 4.",
  );
}
