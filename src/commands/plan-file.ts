import { createHash } from "node:crypto";
import { open, readFile, rename, stat } from "node:fs/promises";
import { type UserError, userError } from "../model/errors.ts";
import type { Plan } from "../model/plan.ts";

/** What every saved plan begins with, and no configuration does. */
const mark = '{"virtform_plan"';

/**
 * Writes a plan for `virtform apply FILE`. Only its owner can read it; secrets are in it by reference only. Throws a
 * UserError rather than write over anything but an earlier plan.
 */
export async function writePlanFile(path: string, plan: Plan, version: string): Promise<void> {
  const there = await textOf(path);
  if (there === undefined || (there !== "" && !there.startsWith(mark))) {
    throw userError("plan-file", `Not written over: ${path}`, "What is there is no saved plan. Choose another name, or remove it first.");
  }
  const content = JSON.stringify(plan);
  const staged = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(staged, "w", 0o600);
    await file.writeFile(
      `${mark}:${JSON.stringify(plan.formatVersion)},"virtform_version":${JSON.stringify(version)},"sha256":"${digest(content)}"}\n${content}\n`,
    );
    await file.sync();
    await file.close();
    await rename(staged, path);
  } catch (error) {
    throw userError("plan-file", `Cannot write the plan to ${path}`, (error as Error).message);
  }
}

/**
 * Reads a saved plan; undefined when the path is not one (then it is a configuration). Throws a UserError for one that is
 * not as it was written, or that another version wrote: what actions mean is between a version and itself.
 */
export async function readPlanFile(path: string, version: string): Promise<Plan | undefined> {
  const text = await textOf(path);
  if (text === undefined || !text.startsWith(mark)) return undefined;
  const end = text.indexOf("\n");
  const content = text.slice(end + 1, -1);
  const head = parseHead(text.slice(0, end));
  if (head === undefined) throw refuse(path, "is damaged", "Its first line cannot be read.");
  if (head.virtform_version !== version) {
    throw refuse(path, "is of another version of virtform", `virtform ${head.virtform_version} wrote it, and this is ${version}.`);
  }
  if (head.sha256 !== digest(content)) throw refuse(path, "is damaged", "It is not as it was written: cut short, or edited.");
  return JSON.parse(content) as Plan;
}

/** Empty where there is nothing; undefined for what is no plain file, and could only be read once or never ends. */
async function textOf(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return "";
  return found.isFile() ? readFile(path, "utf8").catch(() => "") : undefined;
}

function parseHead(line: string): { readonly virtform_version: string; readonly sha256: string } | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function digest(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

function refuse(path: string, what: string, why: string): UserError {
  return userError(
    "plan-file",
    `The saved plan ${path} ${what}`,
    `${why} Nothing has been done. Make a new one with \`virtform plan --out ${path}\`.`,
  );
}
