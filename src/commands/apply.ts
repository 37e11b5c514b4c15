import { userError } from "../model/errors.ts";
import type { Plan } from "../model/plan.ts";
import { version } from "../version.ts";
import { applyOptions, type CommandDefinition, type Invocation, replaceOptions, takeOverOptions } from "./command.ts";
import { readPlanFile } from "./plan-file.ts";
import { runApply } from "./run-apply.ts";

/** `virtform apply`: plans, asks for consent and carries the plan out. */
export const apply: CommandDefinition = {
  summary: "Make the host match the configuration",
  usage: "[PATH… | PLANFILE] [options]",
  description:
    "Plans, asks for confirmation, and carries out the plan. After an interruption at any point, run it again to continue. Ctrl-C finishes running actions and starts no others; a second Ctrl-C aborts them. A saved plan is applied unchanged, or rejected if the host changed since.",
  options: { ...applyOptions, ...replaceOptions, ...takeOverOptions },
  examples: [
    ["virtform apply", "Shows the plan, asks, applies it."],
    ["virtform apply site.plan", "Applies a plan saved by `virtform plan --out site.plan`, without asking."],
    [
      "virtform apply --auto-approve --allow-destroy=disk/web-0.root",
      "For a pipeline: does not ask, and allows the loss of this disk only.",
    ],
    ["virtform apply --replace web-0", "Rebuilds instance web-0 from its image, with a new root disk."],
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
    const hints = {
      target: "Give --target when making it: `virtform plan --target ADDR --out FILE`.",
      exclude: "Give --exclude when making it: `virtform plan --exclude ADDR --out FILE`.",
      replace: "Give --replace when making it: `virtform plan --replace ADDR --out FILE`.",
    };
    for (const [option, hint] of Object.entries(hints))
      if (texts(option).length > 0) throw userError("plan-file", `${path} is a saved plan`, `It is applied as it is. ${hint}`);
    return { path, plan };
  }
  return undefined;
}
