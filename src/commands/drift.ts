import { userError } from "../model/errors.ts";
import { browseOptions, type CommandDefinition, planOptions } from "./command.ts";
import { runAccept } from "./run-accept.ts";
import { runPlan } from "./run-plan.ts";

/** `virtform drift`: a plan for scheduled jobs, with exit codes for each outcome. */
export const drift: CommandDefinition = {
  summary: "Plan for scheduled checks: exit 0 no changes, 2 changes, 1 error",
  usage: "[PATH…] [options] | --accept [ADDR…] [PATH…] [--write]",
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
    accept: {
      type: "boolean",
      help: "Print the patch of the files that makes what the host has the wanted state, of all objects or those that are named; exits 2 if something cannot be written.",
    },
    write: { type: "boolean", help: "With --accept: also write it into the files." },
    verify: {
      type: "boolean",
      help: "Also read all base images and compare them with their digests, as `virtform image verify` does.",
    },
    pending: { type: "boolean", help: "Exit 2 also if a guest waits for a restart." },
    ...browseOptions,
    json: { type: "boolean", help: "Print the plan as one JSON document." },
  },
  examples: [
    ["virtform drift site/ || notify", "Fails if the host differs from the repository or is unreachable."],
    ["virtform drift --report junit=drift.xml", "Also writes a test case for each object."],
    ["virtform drift --report ignore=accepted.yaml", "Lists all drift in a file for --ignore."],
    ["virtform drift --ignore accepted.yaml", "Reports only other drift."],
    ["virtform drift --accept web", "Prints the patch that makes the state of a guest the wanted one."],
    ["virtform drift --json | jq '.resource_drift[].address'", "Lists the objects that drifted."],
  ],
  run: (invocation, io) => {
    if (invocation.flag("accept")) return runAccept(invocation, io);
    if (invocation.flag("write"))
      throw userError("bad-option", "--write needs --accept", "`virtform drift --accept --write` writes what the host has into the files.");
    return runPlan(invocation, io, { command: "drift", detailedExitCode: true, out: undefined });
  },
};
