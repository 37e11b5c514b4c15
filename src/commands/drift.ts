import { type CommandDefinition, planOptions } from "./command.ts";
import { runPlan } from "./run-plan.ts";

/** `virtform drift`: a plan for scheduled jobs, with exit codes for each outcome. */
export const drift: CommandDefinition = {
  summary: "Plan for scheduled checks: exit 0 no changes, 2 changes, 1 error",
  usage: "[PATH…] [options]",
  description:
    "The same as `plan`, for scheduled jobs: managed objects only, each difference with its cause (the configuration changed, or the host drifted). Exits 0 without differences, 2 with differences, 1 if the host could not be read. What was changed only on a running guest is a difference; a guest that only waits for a restart is none without --pending.",
  options: {
    ...planOptions,
    ignore: {
      type: "string",
      multiple: true,
      value: "FILE",
      help: "Accept the drift that FILE lists; `--report ignore=FILE` writes one from what was found. Repeatable.",
    },
    pending: { type: "boolean", help: "Exit 2 also if a guest waits for a restart." },
    json: { type: "boolean", help: "Print the plan as one JSON document." },
  },
  examples: [
    ["virtform drift site/ || notify", "Fails if the host differs from the repository or is unreachable."],
    ["virtform drift --report junit=drift.xml", "Also writes a test case for each object."],
    ["virtform drift --report ignore=accepted.yaml", "Lists all drift in a file for --ignore."],
    ["virtform drift --ignore accepted.yaml", "Reports only other drift."],
    ["virtform drift --json | jq '.resource_drift[].address'", "Lists the objects that drifted."],
  ],
  run: (invocation, io) => runPlan(invocation, io, { command: "drift", detailedExitCode: true, out: undefined }),
};
