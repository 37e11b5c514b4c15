import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

const source = (path: string) => JSON.stringify(new URL(`../../../../${path}`, import.meta.url).href);

/** Draws an apply of so many instances, with every frame and every progress, and prints the most memory that it took, in MiB. */
const script = (instances: number) => `
import { PassThrough } from "node:stream";
const { createTuiReporter } = await import(${source("src/report/tui/reporter.ts")});
const { manyInstances } = await import(${source("test/unit/report/support.ts")});
const plan = manyInstances(${instances});
let bytes = 0;
const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 120, rows: 40 });
stdout.on("data", (data) => { bytes += data.length; });
const stdin = Object.assign(new PassThrough(), { isTTY: true });
const reporter = createTuiReporter({ color: true, stdout, stderr: stdout, stdin, command: "apply", interactive: false, version: "0", onInterrupt() {}, frameEveryMs: 1 });
const before = process.resourceUsage().maxRSS;
reporter.event({ type: "plan", plan });
reporter.event({ type: "apply.start", plan, actions: plan.actions, parallelism: 10 });
const outcomes = [];
for (const { id } of plan.actions) {
  reporter.event({ type: "action.start", id });
  for (let done = 0; done < 20; done += 1) reporter.event({ type: "action.progress", id, progress: { done, total: 20 } });
  await new Promise((resolve) => setTimeout(resolve, 2));
  const outcome = { action: id, status: "done", milliseconds: 2, diagnostics: [] };
  outcomes.push(outcome);
  reporter.event({ type: "action.end", id, outcome });
}
reporter.event({ type: "apply.end", plan, outcomes, milliseconds: 1 });
await reporter.close();
console.log(JSON.stringify({ bytes, before: before / 1024, peak: process.resourceUsage().maxRSS / 1024 }));
process.exit(0);
`;

test("the terminal interface draws an apply of 200 instances in at most 50 MiB on top of what is loaded", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script(200)], { maxBuffer: 2 ** 26 });
  const { bytes, before, peak } = JSON.parse(stdout) as { bytes: number; before: number; peak: number };
  assert.ok(bytes > 100_000, `only ${bytes} bytes were drawn`);
  assert.ok(peak - before <= 50, `${Math.round(before)} MiB before, ${Math.round(peak)} MiB at most`);
});
