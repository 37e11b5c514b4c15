import { userError } from "../model/errors.ts";
import type { Plan } from "../model/plan.ts";
import { version } from "../version.ts";
import { applyOptions, type CommandDefinition, type Invocation, takeOverOptions } from "./command.ts";
import { readPlanFile } from "./plan-file.ts";
import { runApply } from "./run-apply.ts";

/** `virtform apply`: plans, asks for consent and carries the plan out. */
export const apply: CommandDefinition = {
  summary: "Make the host match the configuration",
  usage: "[PATH… | PLANFILE] [options]",
  description:
    "Plans, asks for confirmation, and carries out the plan. After an interruption at any point, run it again to continue. Ctrl-C finishes running actions and starts no others; a second Ctrl-C aborts them. A saved plan is applied unchanged, or rejected if the host changed since.",
  options: { ...applyOptions, ...takeOverOptions },
  examples: [
    ["virtform apply", "Shows the plan, asks, applies it."],
    ["virtform apply site.plan", "Applies a plan saved by `virtform plan --out site.plan`, without asking."],
    [
      "virtform apply --auto-approve --allow-destroy=disk/web-0.root",
      "For a pipeline: does not ask, and allows the loss of this disk only.",
    ],
  ],
  async run(invocation, io) {
    const savedPlan = await savedPlanOf(invocation);
    return runApply(invocation, io, { command: "apply", ...(savedPlan === undefined ? {} : { savedPlan }) });
  },
};

async function savedPlanOf({
  positionals,
  texts,
  ordered,
}: Invocation): Promise<{ readonly path: string; readonly plan: Plan } | undefined> {
  for (const path of positionals) {
    const plan = await readPlanFile(path, version);
    if (plan === undefined) continue;
    if (positionals.length > 1)
      throw userError("plan-file", `${path} is a saved plan`, "It is applied on its own: name nothing else beside it.");
    if (ordered("var", "var-file").length > 0)
      throw userError(
        "plan-file",
        `${path} is a saved plan`,
        "It is applied as it is, with the variables that it was made with. Give --var when making it: `virtform plan --var NAME=VALUE --out FILE`.",
      );
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
