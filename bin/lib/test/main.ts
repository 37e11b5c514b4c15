// Runs checks, builds and test files in one pool. bin/test has installed what they need and gives the arguments:
//
//   main.ts all|unit|files [--save-timings] [--jobs N] [FILE…]
import { spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, freemem, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { batches } from "./batches.ts";
import { endedChildren, guestTimes } from "./cpu-time.ts";
import { type End, runAll, type Task } from "./schedule.ts";
import { type Need, namedFiles, type TestFile, testFiles } from "./test-files.ts";
import { type Hang, systemLibvirt, watchLibvirt } from "./watch-libvirt.ts";

const checkout = fileURLToPath(new URL("../../../", import.meta.url));
const timingsPath = join(checkout, "test/timings.json");

/** A test that hangs fails after this; a file that runs longer than `fileMinutes` is ended. */
const testMinutes = 25;
const fileMinutes = 45;

/** Bytes of memory that have to be available before more files run than a few for each processor. */
const memoryOfMore = 4 * 2 ** 30;

/** One task with its command. */
interface Step extends Task {
  readonly command: readonly string[];
  /** Present for a file of tests, which counts its tests. Anything else counts as one check. */
  readonly file?: TestFile;
  /** Two characters that no other step has. The names of its guests begin with `vt` and these: see test/real/support/workspace.ts. */
  readonly mark: string;
  /** Present for files of tests that share a process: the step of each. */
  readonly together?: readonly Step[];
}

/** What came of one step. */
interface Outcome {
  readonly step: Step;
  /** When it started and ended, in milliseconds of `performance.now()`. */
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  /** CPU seconds of its processes, its guests aside. Unlike `seconds` they hardly depend on what else the machine does. */
  readonly cpu: number;
  readonly passed: number;
  readonly failed: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "save-timings": { type: "boolean", default: false }, jobs: { type: "string" } },
});
const [mode = "all", ...paths] = positionals;
const slots = Number(values.jobs ?? availableParallelism());
if (!Number.isInteger(slots) || slots < 1) throw new Error(`--jobs takes a number from 1, not ${values.jobs}`);

/** Wall-clock seconds, or these and CPU seconds, of each step that was ever measured. */
const timings: Readonly<Record<string, number | readonly [seconds: number, cpu: number]>> = JSON.parse(readFileSync(timingsPath, "utf8"));
const logs = mkdtempSync(join(tmpdir(), "virtform-test-"));
const rows = join(logs, "disks");
mkdirSync(rows);

const builds: Readonly<Record<Need, readonly string[]>> = {
  // Without the types of the whole checkout, which are a check of their own.
  build: ["npm", "run", "--silent", "bundle"],
  "tiny guest": ["bin/lib/guest/build"],
  "Debian guest": ["test/guests/debian/build"],
  "LVM host": ["test/guests/lvm-host/build"],
  OpenStack: ["test/openstack/build"],
  "readers of plans": ["test/consumers/build"],
};
const checks: Readonly<Record<string, readonly string[]>> = {
  types: ["node_modules/.bin/tsc", "-p", "tsconfig.json", "--noEmit"],
  lint: ["npm", "run", "--silent", "lint"],
};

let marks = 0;
const nextMark = () => (marks++ % 36 ** 2).toString(36).padStart(2, "0");

/** What is known of a step, or else `unknown`. One without CPU seconds is taken to use a processor all the time. */
function estimate(
  name: string,
  unknown: number | readonly [seconds: number, cpu: number],
): { readonly seconds: number; readonly load: number } {
  const known = timings[name] ?? unknown;
  if (typeof known === "number") return { seconds: known, load: 1 };
  const [seconds, cpu] = known;
  return { seconds, load: Math.min(1, Math.max(0.1, cpu / Math.max(1, seconds))) };
}

function plain(name: string, command: readonly string[]): Step {
  return { name, ...estimate(name, 10), after: [], libvirt: "unused", command, mark: nextMark() };
}

/** Options of Node: what set-up-process.js saves, and short-lived objects are collected less often (a tenth of the time of crash tests). */
const forSpeed = [`--import=${new URL("set-up-process.js", import.meta.url).href}`, "--max-semi-space-size=64"];

function testStep(file: TestFile): Step {
  const counts = join(logs, `${file.path.replaceAll("/", "+")}.counts`);
  const reporters = [
    ["spec", "stdout"],
    [join(checkout, "bin/lib/test/count-reporter.js"), counts],
  ].flatMap(([reporter, to]) => [`--test-reporter=${reporter}`, `--test-reporter-destination=${to}`]);
  return {
    name: file.path,
    ...estimate(file.path, file.real ? [60, 36] : 2),
    after: file.needs,
    libvirt: file.alone ? "alone" : file.real ? "shared" : "unused",
    command: [process.execPath, ...forSpeed, `--test-timeout=${testMinutes * 60_000}`, ...reporters, file.path],
    file,
    mark: nextMark(),
  };
}

/** Several files in one process. It is blocked by nothing: files that need something run on their own. */
function batchStep(together: readonly Step[]): Step {
  const [first] = together;
  if (first === undefined) throw new Error("a batch without files");
  const seconds = together.reduce((sum, step) => sum + step.seconds, 0);
  const name = `${first.name} and ${together.length - 1} more in its process`;
  const paths = together.map((step) => step.name);
  const reporter = ["together-reporter.js", "run-together.js"].map((file) => join(checkout, "bin/lib/test", file));
  return {
    name,
    seconds,
    load: together.reduce((sum, step) => sum + step.load * step.seconds, 0) / seconds,
    after: [],
    libvirt: "unused",
    command: [
      process.execPath,
      ...forSpeed,
      `--test-timeout=${testMinutes * 60_000}`,
      `--test-reporter=${reporter[0]}`,
      `--test-reporter-destination=${resultsOf(name)}`,
      reporter[1] ?? "",
      ...paths,
    ],
    mark: nextMark(),
    together,
  };
}

/** Steps of all files; small ones without needs share processes. */
function testSteps(files: readonly TestFile[]): Step[] {
  const steps = files.map((file) => ({ ...testStep(file), sociable: file.sociable }));
  return batches(steps).map((together) => (together.length === 1 ? (together[0] as Step) : batchStep(together)));
}

/** CPU seconds of each guest that was ever seen. */
const guests = new Map<string, { readonly guest: string; readonly seconds: number }>();

function lookAtGuests(): void {
  for (const [id, times] of guestTimes()) guests.set(id, times);
}

/** CPU seconds of a step with those of its guests, which are up to a second more than what was seen of each. */
function cpuOf({ step, cpu }: Outcome): number {
  return [...guests.values()].filter(({ guest }) => guest.startsWith(`vt${step.mark}`)).reduce((sum, { seconds }) => sum + seconds, cpu);
}

/** The counts that the reporter left; a file without tests, or one that ended badly without saying so, has failed. */
function countsOf(file: TestFile, exitCode: number | null): { passed: number; failed: number } {
  let last = "0 0";
  try {
    last =
      readFileSync(join(logs, `${file.path.replaceAll("/", "+")}.counts`), "utf8")
        .trim()
        .split("\n")
        .at(-1) ?? last;
  } catch {
    // Ended before it counted.
  }
  const [passed = 0, failed = 0] = last.split(" ").map(Number);
  const silent = passed + failed === 0 || (exitCode !== 0 && failed === 0);
  return { passed, failed: silent ? failed + 1 : failed };
}

/** Runs the command of a step with its output in a log; gives its exit code, or null when it was ended, and its CPU seconds. */
function runLogged({ command, mark }: Step, log: string, minutes: number): Promise<{ readonly code: number | null; readonly cpu: number }> {
  const [program = "", ...args] = command;
  return new Promise((resolve) => {
    const output = createWriteStream(log);
    const child = spawn(program, args, {
      cwd: checkout,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, VIRTFORM_DISK_ROWS: rows, VIRTFORM_TEST_MARK: mark },
    });
    const { pid } = child;
    if (pid !== undefined) groups.add(pid);
    const timer = setTimeout(() => {
      output.write(`\nEnded after ${minutes} minutes.\n`);
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    }, minutes * 60_000);
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    child.on("error", (error) => output.write(`${error.message}\n`));
    let cpu = 0;
    child.on("exit", () => {
      const all = endedChildren();
      cpu = all - counted;
      counted = all;
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      if (pid !== undefined) groups.delete(pid);
      output.end(() => resolve({ code, cpu }));
    });
  });
}

/** CPU seconds of the steps that ended. */
let counted = endedChildren();
const outcomes: Outcome[] = [];
/** Process groups of the steps that run. */
const groups = new Set<number>();

/** Ends what runs, when the runner itself is to end: steps have process groups of their own, which Ctrl-C does not reach. */
function stop(signal: NodeJS.Signals): void {
  for (const group of groups) process.kill(-group, "SIGKILL");
  rmSync(logs, { recursive: true, force: true });
  console.error(
    `\nStopped by ${signal}. What the ended tests made on this machine may remain: virsh list --all, and /var/lib/vf-* and /var/lib/virtform-test-*.`,
  );
  process.exit(signal === "SIGINT" ? 130 : 143);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stop(signal));

async function perform(step: Step): Promise<boolean> {
  if (step.together !== undefined) return performTogether(step, step.together);
  const log = logOf(step.name);
  const started = performance.now();
  const { code, cpu } = await runLogged(step, log, fileMinutes);
  const ended = performance.now();
  const seconds = (ended - started) / 1000;
  const { passed, failed } =
    step.file === undefined ? { passed: Number(code === 0), failed: Number(code !== 0) } : countsOf(step.file, code);
  return conclude({ step, from: started, to: ended, seconds, cpu, passed, failed });
}

/** Records and prints what came of a step, with its log if it failed. */
function conclude(outcome: Outcome): boolean {
  const { step, passed, failed } = outcome;
  outcomes.push(outcome);
  const tests = step.file === undefined ? "" : `, ${passed + failed} tests`;
  console.log(`${failed === 0 ? "ok    " : "FAILED"} ${times(outcome)}  ${step.name}${tests}`);
  if (failed > 0) console.log(readFileSync(logOf(step.name), "utf8").trimEnd().replaceAll(/^/gm, "    "));
  return failed === 0;
}

/**
 * Runs a batch. When its process ends badly and no failed test says why, each of its files runs in a process of its own, to find the one that
 * caused it; if none did, the batch itself has failed.
 */
async function performTogether(batch: Step, together: readonly Step[]): Promise<boolean> {
  const from = performance.now();
  const { code } = await runLogged(batch, logOf(batch.name), fileMinutes);
  const to = performance.now();
  const results = resultsIn(resultsOf(batch.name));
  const failedOnes = [...results.values()].filter(({ failed }) => failed > 0);
  const unexplained = results.size < together.length || (code !== 0 && failedOnes.length === 0);
  if (!unexplained) {
    const printed = readFileSync(logOf(batch.name), "utf8");
    const oks = together.map((step, at) => {
      const { text, ...measured } = results.get(step.name) as Result;
      const others = together.slice(0, at).map(({ name }) => ` ${name}`);
      writeFileSync(logOf(step.name), `Before it in its process:${others.join("")}\n${printed}${text}`);
      return conclude({ step, from, to, ...measured });
    });
    return oks.every((ok) => ok);
  }
  console.log(`The process of ${batch.name} ended badly. Its files run in processes of their own.`);
  let ok = true;
  for (const step of together) ok = (await perform(step)) && ok;
  if (ok) conclude({ step: batch, from, to, seconds: (to - from) / 1000, cpu: 0, passed: 0, failed: 1 });
  return false;
}

/** What together-reporter.js writes about a file. */
interface Result {
  readonly path: string;
  readonly seconds: number;
  readonly cpu: number;
  readonly passed: number;
  readonly failed: number;
  readonly text: string;
}

/** Results by path. A file without tests has none, as one that did not end. */
function resultsIn(path: string): ReadonlyMap<string, Result> {
  if (!existsSync(path)) return new Map();
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  const results = lines.map((line) => JSON.parse(line) as Result).filter(({ passed, failed }) => passed + failed > 0);
  return new Map(results.map((result) => [result.path, result]));
}

function resultsOf(name: string): string {
  return join(logs, `${name.replaceAll("/", "+")}.results`);
}

/** The ends of files that share a process in the place of their batch's, which is left if it failed and none of them did. */
function withEachFile(ends: ReadonlyMap<Step, End>): Map<Step, End> {
  const failed = (step: Step) => outcomes.some((one) => one.step === step && one.failed > 0);
  return new Map(
    [...ends].flatMap(([step, end]): (readonly [Step, End])[] => {
      if (step.together === undefined) return [[step, end]];
      const { together, ...itself } = step;
      return [...together.map((one) => [one, { ok: !failed(one) }] as const), ...(failed(step) ? [[itself, end] as const] : [])];
    }),
  );
}

function times(outcome: Outcome): string {
  return `${outcome.seconds.toFixed(1).padStart(7)}s ${cpuOf(outcome).toFixed(1).padStart(7)}s CPU`;
}

function report(ends: ReadonlyMap<Step, End>, elapsed: number): number {
  const blocked = [...ends].flatMap(([{ name }, end]) => ("blocked" in end ? [`not run: ${name} (${end.blocked} failed)`] : []));
  for (const line of blocked) console.log(line);
  const slowest = outcomes.toSorted((a, b) => b.seconds - a.seconds).slice(0, 10);
  if (outcomes.length > 1) console.log(`\nThe ${slowest.length} slowest of ${outcomes.length}:`);
  if (outcomes.length > 1) for (const outcome of slowest) console.log(`${times(outcome)}  ${outcome.step.name}`);
  for (const { seconds, step } of outcomes) {
    const expected = step.seconds;
    if (timings[step.name] !== undefined && seconds > 3 * expected + 20)
      console.log(`Over its budget: ${step.name} took ${seconds.toFixed(0)} s; test/timings.json expects ${expected} s.`);
  }
  const failures = outcomes.filter(({ failed }) => failed > 0).map(({ step }) => step.name);
  const unsteady = repeated.filter((name) => !failures.includes(name));
  if (unsteady.length > 0) console.log(`\nFailed at first, passed when run again:\n${unsteady.map((name) => `  ${name}`).join("\n")}`);
  for (const name of failures) console.log(`\nFailed: ${name}\n${causesIn(name)}`);
  if (values["save-timings"]) saveTimings();
  const passed = outcomes.reduce((sum, one) => sum + one.passed, 0);
  const failed = outcomes.reduce((sum, one) => sum + one.failed, 0) + blocked.length;
  const cpu = outcomes.reduce((sum, outcome) => sum + cpuOf(outcome), 0);
  console.log(`\nTime: ${minutes(elapsed)} with ${slots} jobs, ${minutes(cpu)} of CPU\n`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** The end of a failed step's log, from the list of its failed tests on: what was printed first is far up by now. */
function causesIn(name: string): string {
  const log = readFileSync(logOf(name), "utf8").trimEnd();
  const [, listed] = log.split("failing tests:\n");
  const lines = (listed ?? log).trim().split("\n");
  const shown = listed === undefined ? lines.slice(-mostCauseLines) : lines.slice(0, mostCauseLines);
  return shown.map((line) => `  ${line}`).join("\n");
}

const mostCauseLines = 80;

function logOf(name: string): string {
  return join(logs, `${name.replaceAll("/", "+")}.log`);
}

function minutes(seconds: number): string {
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

/** Writes what was measured over what is known, without files that no longer exist. */
function saveTimings(): void {
  const measured = Object.fromEntries(
    outcomes.map((outcome) => [outcome.step.name, [Math.max(1, Math.round(outcome.seconds)), Math.ceil(cpuOf(outcome))]]),
  );
  const names = new Set([...testFiles(checkout).map(({ path }) => path), ...Object.keys(builds), ...Object.keys(checks), "disk drivers"]);
  const kept = Object.entries({ ...timings, ...measured }).filter(([name]) => names.has(name));
  const lines = kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, times]) => `  ${JSON.stringify(name)}: ${timesText(times)}`);
  writeFileSync(timingsPath, `{\n${lines.join(",\n")}\n}\n`);
}

function timesText(times: number | readonly number[]): string {
  return typeof times === "number" ? String(times) : `[${times.join(", ")}]`;
}

async function main(): Promise<number> {
  const started = performance.now();
  const all = testFiles(checkout);
  const files = mode === "unit" ? all.filter(({ real }) => !real) : mode === "files" ? namedFiles(all, paths) : all;
  const needed = new Set(files.flatMap(({ needs }) => needs));
  const steps = [
    ...(mode === "files" ? [] : Object.entries(checks).map(([name, command]) => plain(name, command))),
    ...Object.entries(builds).flatMap(([name, command]) => (mode === "all" || needed.has(name as Need) ? [plain(name, command)] : [])),
    ...testSteps(files),
    ...(mode === "all"
      ? [
          {
            ...plain("disk drivers", [process.execPath, "bin/lib/disk-table.js", rows]),
            after: files.flatMap(({ path, drivers }) => (drivers ? [path] : [])),
          },
        ]
      : []),
  ];
  const real = files.some((file) => file.real);
  const looking = real ? setInterval(lookAtGuests, 1000) : undefined;
  const watch = real ? watchLibvirt(systemLibvirt, console.log) : undefined;
  const ends = withEachFile(await runAll(steps, slots, perform, () => freemem() > memoryOfMore));
  if (mode === "all") for (const [step, end] of await runAgain(ends, watch?.hangs ?? [])) ends.set(step, end);
  clearInterval(looking);
  await watch?.stop();
  const table = logOf("disk drivers");
  if (existsSync(table)) console.log(`\n${readFileSync(table, "utf8")}`);
  return report(ends, (performance.now() - started) / 1000);
}

/**
 * Runs the few steps that failed once more, one at a time on the machine that is quiet now, with those that waited for them: a deadline
 * missed beside other tests is distinguished from a defect. The report names each of them. Many failures are no accident, and stay, except for those
 * of steps that ran while libvirtd hung.
 */
async function runAgain(ends: ReadonlyMap<Step, End>, hangs: readonly Hang[]): Promise<ReadonlyMap<Step, End>> {
  const again = [...ends].flatMap(([step, end]) => ("ok" in end && end.ok ? [] : [step]));
  const failed = again.filter((step) => "ok" in (ends.get(step) ?? {}));
  const hung = new Set(outcomes.filter((one) => hangs.some(({ from, to }) => one.from < to && from < one.to)).map(({ step }) => step));
  if (failed.length === 0 || failed.filter((step) => !hung.has(step)).length > mostAgain) return new Map();
  console.log(`\nRunning what failed once more, alone: ${failed.map(({ name }) => name).join(", ")}`);
  for (const { name } of failed) {
    outcomes.splice(
      outcomes.findIndex(({ step }) => step.name === name),
      1,
    );
    repeated.push(name);
  }
  const names = new Set(again.map(({ name }) => name));
  const steps: readonly Step[] = again.map((step) => ({ ...step, load: 1, after: step.after.filter((name) => names.has(name)) }));
  const second = await runAll(steps, 1, perform);
  return new Map(again.map((step, index) => [step, second.get(steps[index] ?? step) ?? { ok: false }]));
}

/** Names of the steps that failed the first time and were run again. */
const repeated: string[] = [];
/** More failures than these have one cause, which a second run meets again. */
const mostAgain = 4;

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`Error: ${error instanceof Error ? error.message : error}`);
  console.log("0 passed, 1 failed");
  process.exitCode = 1;
} finally {
  rmSync(logs, { recursive: true, force: true });
}
