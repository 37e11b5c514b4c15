import { userError } from "../model/errors.ts";
import { type CommandDefinition, hostOptions } from "./command.ts";
import { maskedAddresses } from "./masked-addresses.ts";
import { openConfigured } from "./open-session.ts";
import { phases, phaseValue } from "./phase-value.ts";
import { reported } from "./reported.ts";

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
      const value = await phaseValue(phase, session);
      event({ type: "result", result: { kind: "document", text: `${JSON.stringify(maskedAddresses(value), null, 2)}\n` } });
      return 0;
    }),
};
