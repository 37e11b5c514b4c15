import { observe } from "../engine/observe.ts";
import { userError } from "../model/errors.ts";
import { lookJson } from "../model/observed.ts";
import { plan } from "../reconcile.ts";
import { runsOf } from "../runs-of.ts";
import { onlyHost, type Session } from "../session.ts";
import { type CommandDefinition, hostOptions } from "./command.ts";
import { openConfigured } from "./open-session.ts";
import { reported } from "./reported.ts";

const phases = ["observe", "desired", "plan"] as const;

/** `virtform debug`: what each phase of a plan knows or decides, as JSON. */
export const debug: CommandDefinition = {
  summary: "Print one phase of a plan as JSON, for bug reports",
  usage: "observe|desired|plan [PATH…] [options]",
  description:
    "observe: everything that is known about the host. desired: every object that the configuration stands for, with all defaults. plan: the changes and actions that follow from the two. Secrets are not in it, only references to them. The form may change with any version.",
  options: hostOptions,
  examples: [["virtform debug observe > observed.json", "Saves what is known about the host, for a bug report."]],
  run: (invocation, io) =>
    reported(invocation, io, { command: "debug" }, async ({ event }) => {
      const [phase, ...paths] = invocation.positionals;
      if (phase === undefined || !phases.some((known) => known === phase))
        throw userError("unknown-verb", "Missing argument: phase", `Usage: virtform debug ${phases.join("|")} [PATH…].`);
      await using session = await openConfigured(paths, io);
      const value = await printed(phase, session);
      event({ type: "result", result: { kind: "document", text: `${JSON.stringify(value, null, 2)}\n` } });
      return 0;
    }),
};

async function printed(phase: string, session: Session): Promise<unknown> {
  if (phase === "plan") return plan(runsOf(session, { targets: [], mode: () => ({ do: "apply" }) }));
  const host = onlyHost(session);
  const facts = await host.lookUpFacts(host.context);
  if (phase === "observe") return lookJson(await observe(host.kinds, host.context, facts));
  return host.kinds.flatMap((kind) => kind.desired(host.config, facts));
}
