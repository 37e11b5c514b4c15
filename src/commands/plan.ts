import { browseOptions, type CommandDefinition, planOptions, replaceOptions } from "./command.ts";
import { runPlan } from "./run-plan.ts";

/** `virtform plan`: reads the host and shows what apply would change. */
export const plan: CommandDefinition = {
  summary: "Show what apply would do",
  usage: "[PATH…] [options]",
  description:
    "Compares the host with the configuration and shows what apply would do, with the effect of each change on a running guest. Takes no lock and changes nothing.",
  options: {
    ...planOptions,
    ...replaceOptions,
    out: {
      type: "string",
      value: "FILE",
      help: "Save the plan. `virtform apply FILE` applies exactly this plan, or stops if the host changed since.",
    },
    destroy: { type: "boolean", help: "Plan the removal of everything that this project owns, as `virtform destroy` does it." },
    ...browseOptions,
    verify: {
      type: "boolean",
      help: "Also read all base images and compare them with their digests, as `virtform image verify` does.",
    },
    explain: {
      type: "string",
      multiple: true,
      value: "ADDR",
      help: "Say of this object (domain/web-0), or of all objects of this name, where each wanted value is written, what was found and where, and which rule makes the effect. Repeatable.",
    },
    json: { type: "boolean", help: "Print one JSON document, a compatible subset of Terraform's plan." },
    "detailed-exitcode": { type: "boolean", help: "Exit 0 without changes, 2 with changes, 1 on errors." },
  },
  examples: [
    ["virtform plan", "Plans the configuration in the current directory."],
    ["virtform plan --out site.plan && virtform apply site.plan", "Review a plan, then apply exactly this plan."],
    ["virtform plan --detailed-exitcode", "For a pipeline: 0 no changes, 2 changes, 1 error."],
    ["virtform plan --report markdown=plan.md", "Also writes the plan for a comment on a pull request."],
    ["virtform plan --explain domain/web-0", "Says why each field of a guest is planned."],
    ["virtform plan --tui", "Opens and closes the parts of a large plan on the terminal."],
    ["virtform plan --destroy --out end.plan", "Plans the end of an environment, for review."],
    ["virtform plan --target web-0", "Plans instance web-0 and its dependencies only."],
    ["virtform plan --exclude 'db-*'", "Plans everything but the instances whose names begin with db-."],
  ],
  run: (invocation, io) =>
    runPlan(invocation, io, { command: "plan", detailedExitCode: invocation.flag("detailed-exitcode"), out: invocation.text("out") }),
};
