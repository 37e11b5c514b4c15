#!/usr/bin/env node
/**
 * What the jobs of GitHub Actions and GitLab CI run: `main.ts plan|find-plan|apply|drift`. Everything else comes from the environment
 * (docs/ci.md), so that no text of a user passes through a shell.
 */
import { randomUUID } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { fitBody } from "./fit-body.ts";
import { type Job, jobOf } from "./job.ts";
import { keepComment } from "./keep-comment.ts";
import { keepIssue } from "./keep-issue.ts";
import { runVirtform } from "./run-virtform.ts";
import { splitWords } from "./split-words.ts";

const env = process.env;

interface Settings {
  /** Tells the comments, issues and artifacts of several configurations in one repository apart. */
  readonly name: string;
  readonly paths: readonly string[];
  readonly args: readonly string[];
  readonly program: string;
  /** Holds the saved plan and the report. */
  readonly directory: string;
}

/** GitHub refuses summaries that are longer. */
const longestSummary = 1_000_000;

function readSettings(): Settings {
  const name = env["VIRTFORM_CI_NAME"] || "virtform";
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) {
    throw new Error(
      `The name ${JSON.stringify(name)} must have at most 64 letters, digits, dots, hyphens and underscores, and begin with a letter or digit.`,
    );
  }
  return {
    name,
    paths: splitWords(env["VIRTFORM_CI_PATHS"] ?? ""),
    args: splitWords(env["VIRTFORM_CI_ARGS"] ?? ""),
    program: env["VIRTFORM_CI_PROGRAM"] || fileURLToPath(new URL("../bin/virtform.js", import.meta.url)),
    directory: resolve(env["VIRTFORM_CI_DIRECTORY"] || ".virtform-ci", name),
  };
}

async function plan(job: Job, settings: Settings): Promise<number> {
  const file = join(settings.directory, "plan");
  rmSync(file, { force: true });
  const args = ["plan", "--detailed-exitcode", "--out", file, ...settings.args, ...settings.paths];
  const { code, report } = await run(job, settings, args);
  output({ changes: code === 2, exitcode: code, "plan-file": code !== 1 && existsSync(file) ? file : "" });
  await comment(job, settings, "plan", job.change, report);
  return code === 2 ? 0 : code;
}

async function apply(job: Job, settings: Settings): Promise<number> {
  let file = env["VIRTFORM_CI_PLAN"] ?? "";
  let change = env["VIRTFORM_CI_CHANGE"] ? Number(env["VIRTFORM_CI_CHANGE"]) : job.change;
  if (file === "") {
    const found = await findPlan(job);
    if (!("bytes" in found.plan)) throw new Error("Download the saved plan first, and pass its path.");
    file = join(settings.directory, "plan");
    mkdirSync(settings.directory, { recursive: true });
    writeFileSync(file, found.plan.bytes, { mode: 0o600 });
    change = found.change;
  }
  const { code, report } = await run(job, settings, ["apply", file, ...settings.args]);
  output({ changes: code === 0, exitcode: code, "plan-file": file });
  await comment(job, settings, "apply", change, report);
  return code;
}

async function drift(job: Job, settings: Settings): Promise<number> {
  const { code, report } = await run(job, settings, ["drift", ...settings.args, ...settings.paths]);
  output({ changes: code === 2, exitcode: code, "plan-file": "" });
  // What could not be read says nothing about drift: an open issue stays open, and the job fails.
  if (code !== 0 && code !== 2) return code;
  const marker = markerOf(settings, "drift");
  const body = code === 2 ? bodyOf(job, marker, report) : undefined;
  const title = settings.name === "virtform" ? "Drift on the host" : `Drift on the host (${settings.name})`;
  const issue = await keepIssue(job.forge, { marker, title, body, run: job.run });
  console.log(issue === undefined ? "No issue about drift is open." : `The issue about drift: ${issue.url}`);
  output({ issue: issue?.url ?? "" });
  return 0;
}

async function find(job: Job): Promise<number> {
  const { plan, change } = await findPlan(job);
  if ("run" in plan) output({ run: plan.run, change });
  return 0;
}

async function findPlan(job: Job): Promise<{ plan: NonNullable<Awaited<ReturnType<Job["findPlan"]>>>; change: number }> {
  const again = "Plan and apply in one run instead, with the path of its plan: see docs/ci.md.";
  const change = await job.forge.findMergedChange(job.commit, job.branch);
  if (change === undefined)
    throw new Error(
      `No ${job.noun} of this repository was merged as ${job.commit} to ${job.branch}, so there is no plan that was reviewed. ${again}`,
    );
  const plan = await job.findPlan(change);
  if (plan === undefined) {
    throw new Error(
      `${change.url} has no saved plan for its last commit ${change.head}: its plan failed, comes from a fork, or has expired. ${again}`,
    );
  }
  console.log(`The saved plan is that of ${change.url}.`);
  return { plan, change: change.number };
}

/** Runs virtform and returns its Markdown report, also where it failed too early to write one. */
async function run(job: Job, { directory, program }: Settings, args: readonly string[]): Promise<{ code: number; report: string }> {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, "report.md");
  rmSync(file, { force: true });
  // A configuration of a pull request can name programs that give secrets: they must not find the token.
  const { VIRTFORM_CI_TOKEN: _, ...inherited } = env;
  // A login to the host that stays would be there for the next job of the runner.
  const passed: NodeJS.ProcessEnv = { VIRTFORM_SSH_PERSIST: "0", ...inherited };
  if (job.head !== undefined) passed["GITHUB_SHA"] = job.head;
  const [command = "", ...rest] = args;
  // Lines of the log that begin with :: are commands to GitHub, and a plan shows what others wrote.
  const stop = env["GITHUB_ACTIONS"] === "true" ? randomUUID() : undefined;
  if (stop !== undefined) console.log(`::stop-commands::${stop}`);
  const code = await runVirtform(program, [command, "--report", `markdown=${file}`, ...rest], passed);
  if (stop !== undefined) console.log(`::${stop}::`);
  const report = existsSync(file)
    ? readFileSync(file, "utf8")
    : `### virtform ${command} failed\n\nIt wrote no report: see the log of the run.\n`;
  const summary = env["GITHUB_STEP_SUMMARY"];
  if (summary) appendFileSync(summary, `${fitBody(report, longestSummary, "The log of the run has the rest.")}\n`);
  return { code, report };
}

async function comment(job: Job, settings: Settings, command: string, change: number | undefined, report: string): Promise<void> {
  if (change === undefined) return;
  const marker = markerOf(settings, command);
  const { url } = await keepComment(job.forge, change, marker, bodyOf(job, marker, report));
  console.log(`The report: ${url}`);
}

function markerOf({ name }: Settings, command: string): string {
  return `<!-- virtform-ci command="${command}" name="${name}" -->`;
}

function bodyOf(job: Job, marker: string, report: string): string {
  const end = `\n[Log of the run](${job.run})\n`;
  const longest = job.forge.longestBody - marker.length - end.length - 1;
  return `${marker}\n${fitBody(report, longest, "The log of the run has the rest.")}${end}`;
}

/** Outputs of a step of GitHub Actions. */
function output(values: Readonly<Record<string, string | number | boolean>>): void {
  const file = env["GITHUB_OUTPUT"];
  if (file)
    appendFileSync(
      file,
      Object.entries(values)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(""),
    );
}

async function main(): Promise<number> {
  const [command = ""] = process.argv.slice(2);
  const commands = { plan, apply, drift, "find-plan": find };
  if (!Object.hasOwn(commands, command)) throw new Error(`Unknown command ${JSON.stringify(command)}: use plan, apply or drift.`);
  const settings = readSettings();
  return commands[command as keyof typeof commands](jobOf(env, settings.name), settings);
}

try {
  process.exitCode = await main();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.error(
    env["GITHUB_ACTIONS"] === "true"
      ? `::error title=virtform::${message.replaceAll("%", "%25").replaceAll("\n", "%0A")}`
      : `Error: ${message}`,
  );
  process.exitCode = 1;
}
