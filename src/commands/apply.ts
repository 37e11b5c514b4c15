import { applyOptions, type CommandDefinition } from "./command.ts";
import { readPlanFile } from "./plan-file.ts";
import { runApply } from "./run-apply.ts";

/** `virtform apply`: plan, ask, do. */
export const apply: CommandDefinition = {
  summary: "Make the host match the configuration",
  usage: "[PATH… | PLANFILE] [options]",
  description:
    "Plans, asks, and does what the plan says. It can be stopped or killed anywhere: run it again and it goes on. Ctrl-C finishes what is running and starts nothing new; a second Ctrl-C stops at once. A saved plan is carried out as it is, or refused when the host has changed since.",
  options: applyOptions,
  examples: [
    ["virtform apply", "Shows the plan, asks, applies."],
    ["virtform apply site.plan", "Applies a plan saved by `virtform plan --out site.plan`."],
    ["virtform apply --auto-approve --allow-destroy=disk/web-0.root", "For a pipeline: do not ask, and agree to lose that disk only."],
  ],
  async run(invocation) {
    const [first] = invocation.positionals;
    const savedPlan = invocation.positionals.length === 1 && first !== undefined ? await readPlanFile(first) : undefined;
    return runApply(invocation, { command: "apply", ...(savedPlan === undefined ? {} : { savedPlan }) });
  },
};
