import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { describePointer } from "../config/problem.ts";
import { errorMessage, type UserError, userError } from "../model/errors.ts";
import { type Plan, plansOfHosts } from "../model/plan.ts";
import { savedPlanMark } from "../model/saved-plan-mark.ts";
import { shellWord } from "../model/shell-word.ts";
import { planSchema } from "./plan-schema.ts";
import { writeWhole } from "./write-whole.ts";

/**
 * Writes a plan for `virtform apply FILE`. Only its owner can read it; secrets are in it by reference only. Throws a
 * UserError rather than write over anything but an earlier plan.
 */
export async function writePlanFile(path: string, plan: Plan, version: string): Promise<void> {
  const there = await textOf(path);
  if (there === undefined || (there !== "" && !there.startsWith(savedPlanMark))) {
    throw userError(
      "plan-file",
      `Refusing to overwrite ${path}`,
      "The existing file is not a saved plan. Choose another name or remove the file.",
    );
  }
  const content = JSON.stringify(plan);
  const head = `${savedPlanMark}:${JSON.stringify(plan.formatVersion)},"virtform_version":${JSON.stringify(version)},"sha256":"${digest(content)}"}`;
  try {
    await writeWhole(path, `${head}\n${content}\n`, 0o600);
  } catch (error) {
    throw userError("plan-file", `Cannot write the plan to ${path}`, (error as Error).message);
  }
}

/**
 * Reads a saved plan; undefined when the path is not one (then it is a configuration). Throws a UserError for a
 * damaged one and for one of another version, because the arguments of actions may differ between versions.
 */
export async function readPlanFile(path: string, version: string): Promise<Plan | undefined> {
  const text = await textOf(path);
  if (text === undefined || !text.startsWith(savedPlanMark)) return undefined;
  const end = text.indexOf("\n");
  const content = text.slice(end + 1, -1);
  const head = parseHead(text.slice(0, end));
  if (head === undefined) throw refuse(path, "is damaged", "Its first line cannot be read.");
  if (head.virtform_version !== version) {
    throw refuse(path, "is of another version of virtform", `virtform ${head.virtform_version} wrote it, and this is ${version}.`);
  }
  if (head.sha256 !== digest(content)) throw refuse(path, "is damaged", "It is not as it was written: cut short, or edited.");
  return parsePlan(path, content);
}

/** The digest proves that nothing was damaged, not who wrote the file, so the content is checked like any other input. */
async function parsePlan(path: string, content: string): Promise<Plan> {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw refuse(path, "is damaged", `Its plan is not JSON: ${errorMessage(error)}.`);
  }
  const { validate } = await import("../config/validate.ts");
  const [problem] = validate(planSchema, value);
  if (problem !== undefined) {
    const where = problem.pointer.length === 0 ? "the plan" : describePointer(problem.pointer);
    throw refuse(path, "is damaged", `It does not have the shape of a plan. At ${where}: ${problem.summary}.`);
  }
  const plan = value as Plan;
  for (const { actions, sought } of plansOfHosts(plan)) {
    if (sought === undefined)
      throw refuse(path, "is damaged", "It does not say which objects of the configuration its look at the host was for.");
    const instances = Object.values(sought.instances ?? {}).reduce((sum, { count = 1 }) => sum + count, 0);
    if (instances > mostInstances)
      throw refuse(path, "is damaged", `Its look was for ${instances} instances; at most ${mostInstances} are possible.`);
    const ids = new Set(actions.map(({ id }) => id));
    const lost = actions.find(({ after }) => !after.every((id) => ids.has(id)));
    if (lost !== undefined) throw refuse(path, "is damaged", `Action ${lost.id} waits for an action that is not in the plan.`);
    if (ids.size < actions.length) throw refuse(path, "is damaged", "Two of its actions have the same id.");
  }
  return plan;
}

/** Throws a UserError when the plan holds an action that none of these types carries out, before anything is done. */
export function refuseUnknownActions(path: string, plan: Plan, types: readonly { readonly type: string }[]): void {
  const known = new Set(types.map(({ type }) => type));
  const unknown = plansOfHosts(plan)
    .flatMap(({ actions }) => actions)
    .find(({ type }) => !known.has(type));
  if (unknown !== undefined) throw refuse(path, "is damaged", `Action ${unknown.id} has the unknown type ${JSON.stringify(unknown.type)}.`);
}

/** A plan of 5000 instances takes a fifth of this. */
const mostBytes = 256 * 2 ** 20;

/** The look knows each by its names, and a few bytes may stand for many: `count`. */
const mostInstances = 1_000_000;

/**
 * The text of a saved plan, or as much of any other file as shows that it is none. Empty where there is nothing; undefined for what is
 * not a regular file, and could only be read once or never ends.
 */
async function textOf(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    // Opening a pipe would wait for its other end.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const there = await stat(path).catch(() => undefined);
    if (there !== undefined && !there.isFile()) return undefined;
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "" : "?";
  }
  try {
    const found = await file.stat();
    if (!found.isFile()) return undefined;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(savedPlanMark.length), 0, savedPlanMark.length, 0);
    const start = buffer.toString("utf8", 0, bytesRead);
    if (start !== savedPlanMark) return start;
    if (found.size > mostBytes) throw refuse(path, "is too large", `It has ${found.size} bytes; at most ${mostBytes} are read.`);
    const whole = Buffer.alloc(found.size);
    for (let done = 0; done < whole.length; ) {
      const { bytesRead: count } = await file.read(whole, done, whole.length - done, done);
      if (count === 0) return whole.toString("utf8", 0, done);
      done += count;
    }
    return whole.toString("utf8");
  } finally {
    await file.close();
  }
}

function parseHead(line: string): { readonly virtform_version: string; readonly sha256: string } | undefined {
  try {
    const head = JSON.parse(line);
    return typeof head === "object" && head !== null && !Array.isArray(head) ? head : undefined;
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
    `${why} Nothing has been done. Make a new one with \`virtform plan --out ${shellWord(path)}\`.`,
  );
}
