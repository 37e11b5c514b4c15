import { type CommandDefinition, planOptions } from "./command.ts";
import { runPlan } from "./run-plan.ts";

/** `virtform plan`: look, decide, show. */
export const plan: CommandDefinition = {
  summary: "Show what apply would do",
  usage: "[PATH…] [options]",
  description:
    "Looks at the host, compares it with the configuration and says what apply would do, and what each change does to a running guest. Takes no lock and changes nothing.",
  options: {
    ...planOptions,
    out: {
      type: "string",
      value: "FILE",
      help: "Save the plan; `virtform apply FILE` does exactly that, or refuses when the host has changed since.",
    },
    json: { type: "boolean", help: "One JSON document on standard output, a compatible subset of Terraform's plan." },
    "detailed-exitcode": { type: "boolean", help: "Exit 0 when there is nothing to do, 2 when there are changes, 1 on errors." },
  },
  examples: [
    ["virtform plan", "The plan for the configuration in this directory."],
    ["virtform plan --out site.plan && virtform apply site.plan", "Read it, have it approved, apply exactly that."],
    ["virtform plan --detailed-exitcode", "For a pipeline: 0 nothing to do, 2 changes, 1 error."],
    ["virtform plan --target web-0", "Only instance web-0 and what it needs."],
  ],
  run: (invocation, io) =>
    runPlan(invocation, io, { command: "plan", detailedExitCode: invocation.flag("detailed-exitcode"), out: invocation.text("out") }),
};
