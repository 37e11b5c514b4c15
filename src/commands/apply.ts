import { userError } from "../model/errors.ts";
import type { Plan } from "../model/plan.ts";
import { version } from "../version.ts";
import { applyOptions, type CommandDefinition, type Invocation } from "./command.ts";
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
    ["virtform apply site.plan", "Applies a plan saved by `virtform plan --out site.plan`, and does not ask."],
    ["virtform apply --auto-approve --allow-destroy=disk/web-0.root", "For a pipeline: do not ask, and agree to lose that disk only."],
  ],
  async run(invocation, io) {
    const savedPlan = await savedPlanOf(invocation);
    return runApply(invocation, io, { command: "apply", ...(savedPlan === undefined ? {} : { savedPlan }) });
  },
};

async function savedPlanOf({ positionals, texts }: Invocation): Promise<{ readonly path: string; readonly plan: Plan } | undefined> {
  for (const path of positionals) {
    const plan = await readPlanFile(path, version);
    if (plan === undefined) continue;
    if (positionals.length > 1)
      throw userError("plan-file", `${path} is a saved plan`, "It is applied on its own: name nothing else beside it.");
    if (texts("target").length > 0)
      throw userError(
        "plan-file",
        `${path} is a saved plan`,
        "It is applied as it is. Give --target when making it: `virtform plan --target ADDR --out FILE`.",
      );
    return { path, plan };
  }
  return undefined;
}
