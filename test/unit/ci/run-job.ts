import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

/** How a job ended. */
export interface JobResult {
  readonly code: number | null;
  readonly log: string;
  /** The outputs of the step, by name. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** The arguments that virtform was run with, whether it could see the token, and how long it keeps connections; undefined when it was not run. */
  readonly ran:
    | { readonly args: string[]; readonly token: boolean; readonly commit: string | undefined; readonly persist: string | undefined }
    | undefined;
}

/** What stands in for virtform: it leaves the given report and a plan. */
export interface FakeRun {
  readonly code: number;
  /** undefined: it ends before it writes one. */
  readonly report?: string;
}

const main = fileURLToPath(new URL("../../../ci/main.ts", import.meta.url));

const fakeVirtform = `
import { readFileSync, writeFileSync } from "node:fs";
const { code, report } = JSON.parse(readFileSync("run.json", "utf8"));
const args = process.argv.slice(2);
writeFileSync("ran.json", JSON.stringify({ args, token: JSON.stringify(process.env).includes("s3cret"), commit: process.env.GITHUB_SHA, persist: process.env.VIRTFORM_SSH_PERSIST }));
const file = args.find((each) => each.startsWith("markdown="))?.slice("markdown=".length);
if (report !== undefined) writeFileSync(file, report);
const out = args.indexOf("--out");
if (out >= 0 && code !== 1) writeFileSync(args[out + 1], "a plan");
console.log("::add-mask::plan");
process.exit(code);
`;

/** Runs ci/main.ts in an empty directory as a job does. */
export async function runJob(t: TestContext, command: string, run: FakeRun, env: Readonly<Record<string, string>>): Promise<JobResult> {
  const directory = await mkdtemp(join(tmpdir(), "virtform-ci-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const file = (name: string) => join(directory, name);
  await writeFile(file("virtform.mjs"), fakeVirtform);
  await writeFile(file("run.json"), JSON.stringify(run));
  for (const name of ["output", "summary"]) await writeFile(file(name), "");
  await writeFile(file("event.json"), env["EVENT"] ?? "{}");
  const child = spawn(process.execPath, [main, command], {
    cwd: directory,
    timeout: 60_000,
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      VIRTFORM_CI_PROGRAM: file("virtform.mjs"),
      VIRTFORM_CI_TOKEN: "s3cret",
      VIRTFORM_CI_PAUSE: "5",
      GITHUB_OUTPUT: file("output"),
      GITHUB_STEP_SUMMARY: file("summary"),
      GITHUB_EVENT_PATH: file("event.json"),
      ...env,
    },
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (log += part));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  const outputs = (await readFile(file("output"), "utf8")).split("\n").flatMap((line) => {
    const at = line.indexOf("=");
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
  });
  const ran = await readFile(file("ran.json"), "utf8").then(JSON.parse, () => undefined);
  return { code, log, outputs: Object.fromEntries(outputs), summary: await readFile(file("summary"), "utf8"), ran };
}
