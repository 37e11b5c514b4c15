import { lookUpFacts } from "../kinds/host/facts.ts";
import { unusedBaseChanges } from "../kinds/image/remove.ts";
import { userError } from "../model/errors.ts";
import type { Plan } from "../model/plan.ts";
import { reconcile } from "../reconcile.ts";
import { chooseFormat, createReporter } from "../report/index.ts";
import { version } from "../version.ts";
import type { Invocation } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { openPlanSession, openSession } from "./session.ts";
import { useColor } from "./use-color.ts";

/** What `apply` and `destroy` share. Resolves to the exit code. */
export async function runApply(
  invocation: Invocation,
  options: { readonly command: "apply" | "destroy"; readonly savedPlan?: Plan },
): Promise<number> {
  const { command, savedPlan } = options;
  const parallelism = parseParallelism(invocation.text("parallelism") ?? "4");
  const lockTimeoutMs = parseDuration(invocation.text("lock-timeout") ?? "30s", "lock-timeout");
  let showStopping = () => {};
  using interrupt = listenForInterrupt(() => showStopping());
  await using session =
    savedPlan === undefined ? await openSession(invocation.positionals, interrupt.abort) : openPlanSession(savedPlan, interrupt.abort);
  const terminal = process.stdout.isTTY === true && process.stdin.isTTY === true;
  const reporter = await createReporter({
    format: chooseFormat({ json: invocation.flag("json"), isTTY: terminal, env: process.env }),
    color: useColor(process.stdout, invocation.flag("no-color")),
    stdout: process.stdout,
    stderr: process.stderr,
    command,
    interactive: terminal && !invocation.flag("json"),
    version,
    onInterrupt: interrupt.press,
  });
  showStopping = () => reporter.event({ type: "apply.stopping" });
  const destroy = command === "destroy";
  const allowed = invocation.texts("allow-destroy");
  try {
    const { verdict } = await reconcile(
      {
        ...session,
        lookUpFacts,
        targets: invocation.texts("target"),
        destroy,
        ...(destroy && invocation.flag("images")
          ? { extraChanges: (observed) => unusedBaseChanges(observed, session.context.project) }
          : {}),
      },
      {
        reporter,
        autoApprove: invocation.flag("auto-approve"),
        allowDestroy: allowed.includes("*") ? "all" : allowed,
        parallelism,
        lockTimeoutMs,
        stop: interrupt.stop,
        ...(savedPlan === undefined ? {} : { savedPlan }),
      },
    );
    return verdict === "done" || verdict === "nothing-to-do" ? 0 : 1;
  } finally {
    await reporter.close();
  }
}

function parseParallelism(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 256) return number;
  throw userError(
    "bad-parallelism",
    `--parallelism: "${text}" is not a number from 1 to 256`,
    "It says how many actions run at the same time; the default is 4.",
  );
}
