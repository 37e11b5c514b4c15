import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";

import type { Outcome } from "../../../../src/model/outcome.ts";
import type { Plan } from "../../../../src/model/plan.ts";
import { createTuiReporter } from "../../../../src/report/tui/reporter.ts";
import { plan as create } from "../plans/create.ts";
import { plan as mixed } from "../plans/mixed.ts";
import { plan as nothing } from "../plans/nothing.ts";
import { memory } from "../support.ts";

/** A terminal of 80×24: what is typed, what is shown, and whether it is in raw mode. */
function terminal() {
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    raw: false,
    setRawMode(raw: boolean) {
      this.raw = raw;
      return this;
    },
    ref() {},
    unref() {},
  });
  const output = memory();
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  stdout.on("data", (data: Buffer) => output.write(data.toString()));
  return { stdin, stdout, output };
}

function makeReporter(options: { readonly interactive?: boolean; readonly command?: string } = {}) {
  const { stdin, stdout, output } = terminal();
  const stderr = memory();
  let interrupts = 0;
  const reporter = createTuiReporter({
    color: false,
    stdout: stdout as never,
    stderr,
    stdin: stdin as never,
    command: options.command ?? "apply",
    interactive: options.interactive ?? true,
    version: "0.1.0",
    onInterrupt: () => {
      interrupts += 1;
    },
  });
  return { reporter, stdin, stdout, output, stderr, interrupts: () => interrupts };
}

/** Waits until something is so, by looking after every turn of the event loop. The test runner ends it if it never is. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function answer(plan: Plan, destroys: readonly string[], typed: string) {
  const made = makeReporter();
  made.reporter.event({ type: "plan", plan });
  assert.equal(made.output.text, "", "the plan is shown with its question");
  const answer = made.reporter.confirm?.({ plan, destroys });
  await until(() => made.stdin.raw && made.output.text.includes("Apply these changes?"));
  made.stdin.write(typed);
  const agreed = await answer;
  await made.reporter.close();
  assert.equal(made.stdin.raw, false, "the terminal is as it was");
  return { ...made, agreed };
}

test("y agrees, and the plan with its fields stays behind", async () => {
  const { agreed, output } = await answer(create, [], "y");
  assert.equal(agreed, true);
  assert.match(output.text, /\+ disk\/web-0\.root will be created: does not exist yet\n {4}\+ image {4}debian-13\n/);
  assert.match(output.text, /Plan: 7 to add, 0 to change, 0 to destroy\.\n$/);
});

test("lines of the plan that stays behind are broken at blanks to the width of the terminal", async () => {
  const { output } = await answer(mixed, [], "n");
  const behind = output.text.slice(output.text.lastIndexOf("\u001b[?25h") + "\u001b[?25h".length);
  const tooLong = behind.split("\n").filter((line) => line.length > 80 && line.trim().includes(" ", 4));
  assert.ok(behind.includes("Plan: 1 to add, 3 to change, 3 to destroy."));
  assert.deepEqual(tooLong, []);
});

test("a command that only plans shows the plan until q, and its text stays behind", async () => {
  const { reporter, output, stdin, interrupts } = makeReporter({ command: "plan", interactive: false });
  assert.equal(reporter.confirm, undefined);
  reporter.event({ type: "plan", plan: create });
  const closed = reporter.close();
  await until(() => stdin.raw && output.text.includes("q ends"));
  assert.doesNotMatch(output.text, /Apply these changes/);
  stdin.write("y");
  stdin.write("q");
  await closed;
  assert.equal(stdin.raw, false);
  assert.equal(interrupts(), 0);
  assert.match(output.text, /\+ disk\/web-0\.root will be created[\s\S]*Plan: 7 to add, 0 to change, 0 to destroy\.\n$/);
});

test("n declines", async () => {
  const { agreed, stderr } = await answer(create, [], "n");
  assert.equal(agreed, false);
  assert.match(stderr.text, /nothing has been done/);
});

test("what loses data needs the whole word, also when it arrives in one piece", async () => {
  assert.equal((await answer(mixed, ["20GiB disk web-2.root"], "yes\r")).agreed, true);
  assert.equal((await answer(mixed, ["20GiB disk web-2.root"], "y\rn")).agreed, false);
});

test("Ctrl-C declines and is handed on", async () => {
  const { agreed, interrupts } = await answer(create, [], "\u0003");
  assert.equal(agreed, false);
  assert.equal(interrupts(), 1);
});

test("a signal that comes while the question is open answers it with no", async () => {
  const { reporter, output, stdin } = makeReporter();
  reporter.event({ type: "plan", plan: create });
  const answer = reporter.confirm?.({ plan: create, destroys: [] });
  await until(() => output.text.includes("Apply these changes?"));
  reporter.event({ type: "apply.stopping" });
  assert.equal(await answer, false);
  await reporter.close();
  assert.equal(stdin.raw, false);
});

test("resizing redraws within the new size", async () => {
  const { reporter, output, stdout } = makeReporter();
  reporter.event({ type: "plan", plan: create });
  const answer = reporter.confirm?.({ plan: create, destroys: [] });
  await until(() => output.text.includes("Apply these changes?"));
  output.text = "";
  Object.assign(stdout, { rows: 14, columns: 60 });
  stdout.emit("resize");
  await until(() => output.text.includes("Apply these changes?"));
  assert.match(output.text, /\(lines 1-9 of/);
  assert.equal(output.text.match(/virtform apply/g)?.length, 1, "no frame of the old size in between");
  reporter.event({ type: "apply.stopping" });
  await answer;
  await reporter.close();
});

test("a plan with nothing to do, and one that cannot be applied, are shown as text", async () => {
  for (const plan of [nothing, { ...create, diagnostics: [{ severity: "error", code: "x", summary: "Too large", detail: "" } as const] }]) {
    const { reporter, output, stderr } = makeReporter();
    reporter.event({ type: "plan", plan });
    await reporter.close();
    assert.match(output.text + stderr.text, plan === nothing ? /No changes\./ : /Plan has 1 error; fix[\s\S]*Error: Too large/);
    assert.doesNotMatch(output.text, /Apply these changes\?/);
  }
});

test("an apply that was agreed to beforehand shows its plan, runs, and leaves the summary behind", async () => {
  const { reporter, output, stderr, stdin, interrupts } = makeReporter({ interactive: false });
  assert.equal(reporter.confirm, undefined);
  reporter.event({ type: "plan", plan: create });
  reporter.event({ type: "apply.start", plan: create, actions: create.actions, parallelism: 4 });
  assert.match(output.text, /Plan: 7 to add/);
  await until(() => stdin.raw && output.text.includes("0 of 9 done"));
  const outcomes: Outcome[] = [];
  for (const { id } of create.actions) {
    reporter.event({ type: "action.start", id });
    const outcome: Outcome = { action: id, status: "done", milliseconds: 10, diagnostics: [] };
    outcomes.push(outcome);
    reporter.event({ type: "action.end", id, outcome });
  }
  await until(() => output.text.includes("9 of 9 done"));
  stdin.write("\u0003");
  await until(() => interrupts() === 1);
  await until(() => output.text.includes("Stopping after running actions finish"));
  reporter.event({
    type: "diagnostic",
    diagnostic: { severity: "warning", code: "x", summary: "Held until the view is gone", detail: "" },
  });
  assert.equal(stderr.text, "");
  reporter.event({ type: "apply.end", plan: create, outcomes, milliseconds: 1500 });
  await reporter.close();
  assert.match(stderr.text, /Held until the view is gone/);
  assert.match(output.text, /Apply complete! Resources: 7 added, 0 changed, 0 destroyed\. Took 1\.5s\.\n$/);
  assert.equal(stdin.raw, false);
});

test("closing in the middle of an apply gives the terminal back", async () => {
  const { reporter, stdin, output } = makeReporter({ interactive: false });
  reporter.event({ type: "plan", plan: create });
  reporter.event({ type: "apply.start", plan: create, actions: create.actions, parallelism: 4 });
  await until(() => stdin.raw && output.text.includes("0 of 9 done"));
  await reporter.close();
  assert.equal(stdin.raw, false);
});
