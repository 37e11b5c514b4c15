import { type CommandDefinition, planOptions } from "./command.ts";
import { runPlan } from "./run-plan.ts";

/** `virtform drift`: a plan whose exit code a schedule can read. */
export const drift: CommandDefinition = {
  summary: "Plan for a schedule: exit 0 nothing, 2 differences, 1 error",
  usage: "[PATH…] [options]",
  description:
    "The same look as `plan`, for a nightly job: only what is managed, each difference with its cause (the configuration changed, or the host drifted). Exits 0 when there is none, 2 when there are some, 1 when it could not find out.",
  options: { ...planOptions, json: { type: "boolean", help: "The plan as one JSON document on standard output." } },
  examples: [
    ["virtform drift site/ || notify", "Fails when the host is not as the repository says, or cannot be reached."],
    ["virtform drift --json | jq '.resource_drift[].address'", "What drifted."],
  ],
  run: (invocation, io) => runPlan(invocation, io, { command: "drift", detailedExitCode: true, out: undefined }),
};
