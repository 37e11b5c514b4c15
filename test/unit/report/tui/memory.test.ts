import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

const source = (path: string) => JSON.stringify(new URL(`../../../../${path}`, import.meta.url).href);

/** Draws an apply of so many instances, with more frames and reports of progress than a real one has, and prints the memory that it took, in MiB. */
const script = (instances: number) => `
import { PassThrough } from "node:stream";
const { createTuiReporter } = await import(${source("src/report/tui/reporter.ts")});
const { manyInstances } = await import(${source("test/unit/report/support.ts")});
const plan = manyInstances(${instances});
let bytes = 0;
const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 120, rows: 40 });
stdout.on("data", (data) => { bytes += data.length; });
const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode() {}, ref() {}, unref() {} });
const reporter = createTuiReporter({ color: true, stdout, stderr: stdout, stdin, command: "apply", interactive: false, version: "0", onInterrupt() {}, frameEveryMs: 20 });
gc();
const before = process.resourceUsage().maxRSS;
const heapBefore = process.memoryUsage().heapUsed;
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
const peak = process.resourceUsage().maxRSS;
gc();
const kept = process.memoryUsage().heapUsed - heapBefore;
console.log(JSON.stringify({ bytes, before: before / 1024, peak: peak / 1024, kept: kept / 2 ** 20 }));
process.exit(0);
`;

test("the terminal interface draws an apply of 200 instances in bounded memory and keeps no frame", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", "--input-type=module", "-e", script(200)], {
    maxBuffer: 2 ** 26,
    // As in the built program.
    env: { ...process.env, NODE_ENV: "production" },
  });
  const { bytes, before, peak, kept } = JSON.parse(stdout) as { bytes: number; before: number; peak: number; kept: number };
  assert.ok(bytes > 100_000, `only ${bytes} bytes were drawn`);
  assert.ok(kept <= 12, `${Math.round(kept)} MiB are kept`);
  // Garbage of frames that come as fast as this machine lets them.
  assert.ok(peak - before <= 75, `${Math.round(before)} MiB before, ${Math.round(peak)} MiB at most`);
});
