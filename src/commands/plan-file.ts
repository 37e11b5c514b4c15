import { open, readFile, rename } from "node:fs/promises";
import { userError } from "../model/errors.ts";
import type { Plan } from "../model/plan.ts";

/** Writes a plan for `virtform apply FILE`. Only its owner can read it; secrets are in it by reference only. */
export async function writePlanFile(path: string, plan: Plan, version: string): Promise<void> {
  const staged = `${path}.${process.pid}.tmp`;
  const file = await open(staged, "w", 0o600).catch((error: Error) => {
    throw userError("plan-file", `Cannot write the plan to ${path}`, error.message);
  });
  await file.writeFile(`${JSON.stringify({ virtform_plan: plan.formatVersion, virtform_version: version, plan })}\n`);
  await file.sync();
  await file.close();
  await rename(staged, path);
}

/** Reads a saved plan; undefined when the path is not one (then it is a configuration). Throws a UserError for one of another version. */
export async function readPlanFile(path: string): Promise<Plan | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  if (!text.startsWith('{"virtform_plan"')) return undefined;
  try {
    const saved = JSON.parse(text) as { virtform_plan: string; plan: Plan };
    if (saved.virtform_plan === "1.0") return saved.plan;
  } catch (error) {
    throw userError(
      "plan-file",
      `The saved plan ${path} is damaged`,
      `${(error as Error).message}. Make a new one with \`virtform plan --out ${path}\`.`,
    );
  }
  throw userError(
    "plan-file",
    `The saved plan ${path} is of another version of virtform`,
    `Make a new one with \`virtform plan --out ${path}\`.`,
  );
}
