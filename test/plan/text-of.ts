import type { Plan } from "../../src/model/plan.ts";
import { createTextReporter } from "../../src/report/text.ts";

/** What `virtform plan` prints, with what goes to standard error where it appears on a terminal. */
export function textOf(plan: Plan, command: "plan" | "destroy"): string {
  let text = "";
  const output = {
    write(part: string) {
      text += part;
    },
  };
  createTextReporter({ color: false, stdout: output, stderr: output, command, interactive: false, version: "0" }).event({
    type: "plan",
    plan,
  });
  return text;
}
