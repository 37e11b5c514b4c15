import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { approximateQuantity } from "../../../src/model/quantity.ts";
import { chooseFormat } from "../../../src/report/index.ts";
import { formatDuration } from "../../../src/report/quantities.ts";
import { showPlan } from "../../../src/report/text.ts";
import { plan as create } from "./plans/create.ts";
import { plan as mixed } from "./plans/mixed.ts";
import { failure, recordingReporter } from "./support.ts";

const ids = create.actions.map(({ id }) => id) as [string, string, string, string, string, ...string[]];

test("the terminal interface is for people at capable terminals only", () => {
  const env = { TERM: "xterm-256color" };
  assert.equal(chooseFormat({ json: false, isTTY: true, env }), "tui");
  assert.equal(chooseFormat({ json: true, isTTY: true, env }), "json");
  assert.equal(chooseFormat({ json: false, isTTY: false, env }), "text");
  assert.equal(chooseFormat({ json: false, isTTY: true, env: { ...env, CI: "true" } }), "text");
  assert.equal(chooseFormat({ json: false, isTTY: true, env: { ...env, CI: "false" } }), "tui");
  assert.equal(chooseFormat({ json: false, isTTY: true, env: { ...env, NO_COLOR: "1" } }), "text");
  assert.equal(chooseFormat({ json: false, isTTY: true, env: { ...env, NO_COLOR: "" } }), "tui");
  assert.equal(chooseFormat({ json: false, isTTY: true, env: { TERM: "dumb" } }), "text");
});

test("a terminal that is too small gets plain text", async () => {
  const { reporter, stdout } = await recordingReporter({ format: "tui", command: "apply", color: true });
  reporter.event({ type: "plan", plan: create });
  assert.match(stdout.text, /7 to add/);
});

test("a plan: results on standard output, what is said about them on standard error", async () => {
  const { reporter, stdout, stderr } = await recordingReporter();
  reporter.event({ type: "plan", plan: mixed });
  await reporter.close();
  assert.match(stdout.text, /\nPlan: 1 to add, 3 to change, 3 to destroy\.\n$/);
  assert.doesNotMatch(stdout.text, /Warning/);
  assert.match(stderr.text, /^Warning: The host is nearly full\n/);
  assert.match(stderr.text, /Note: An earlier apply was interrupted/);
});

test("a plan at a terminal is broken at blanks, and whole in a pipe", () => {
  const shown = (terminal: { readonly isTTY?: boolean; readonly columns?: number }) => {
    let text = "";
    const output = { ...terminal, write: (part: string) => (text += part) };
    showPlan(mixed, { stdout: output, stderr: { write: () => undefined }, color: false, command: "plan" });
    return text;
  };
  const words = (text: string) => text.split(/\s+/);
  const [narrow, whole] = [shown({ isTTY: true, columns: 60 }), shown({ columns: 60 })];
  assert.ok(whole.split("\n").some(({ length }) => length > 60));
  assert.deepEqual(
    narrow.split("\n").filter(({ length }) => length > 60),
    [],
  );
  assert.deepEqual(words(narrow), words(whole), "no word is broken");
});

test("a whole apply: progress on standard error, the summary on standard output", async () => {
  const { reporter, stdout, stderr, clock } = await recordingReporter({ command: "apply" });
  reporter.event({ type: "apply.start", plan: create, actions: create.actions, parallelism: 4 });
  reporter.event({ type: "action.start", id: ids[0] });
  for (let tick = 1; tick <= 120; tick += 1) {
    clock.milliseconds += 100;
    reporter.event({ type: "action.progress", id: ids[0], progress: { done: tick * 2 ** 20, total: 240 * 2 ** 20, phase: "download" } });
  }
  reporter.event({ type: "action.end", id: ids[0], outcome: { action: ids[0], status: "done", milliseconds: 12_000, diagnostics: [] } });
  assert.equal(
    stderr.text,
    `image/debian-13: fetch and convert to raw …
image/debian-13: download 20% of 240MiB, 10MiB/s, 19s left after 5.0s
image/debian-13: download 41% of 240MiB, 10MiB/s, 14s left after 10s
image/debian-13: fetch and convert to raw: done in 12s
`,
  );
  const outcomes = create.actions.map(({ id }) => ({ action: id, status: "done", milliseconds: 10, diagnostics: [] }) as const);
  reporter.event({ type: "apply.end", plan: create, outcomes, milliseconds: 65_000 });
  assert.equal(stdout.text, "\nApply complete! Resources: 7 added, 0 changed, 0 destroyed. Took 1m05s.\n");
});

test("an incomplete apply lists what failed with the reason, what was skipped and what was cancelled", async () => {
  const { reporter, stdout, stderr } = await recordingReporter({ command: "apply" });
  const [image, disk, seed, define, start] = ids;
  reporter.event({ type: "apply.start", plan: create, actions: create.actions, parallelism: 4 });
  const failed = {
    action: disk,
    status: "failed",
    milliseconds: 300,
    diagnostics: failure("qemu-img create failed:\nno space left on device", "no-space", "Free space and apply again."),
  } as const;
  reporter.event({ type: "action.start", id: disk });
  reporter.event({ type: "action.end", id: disk, outcome: failed });
  assert.match(stderr.text, /failed after 0\.3s\n {4}qemu-img create failed:\n {4}no space left on device\n/);
  const outcomes = [
    { action: image, status: "done", milliseconds: 1, diagnostics: [] },
    failed,
    { action: define, status: "skipped", milliseconds: 0, diagnostics: [], because: disk },
    { action: seed, status: "done", milliseconds: 1, diagnostics: [] },
    { action: start, status: "cancelled", milliseconds: 0, diagnostics: [] },
  ] as const;
  reporter.event({ type: "apply.end", plan: create, outcomes, milliseconds: 400 });
  assert.equal(
    stdout.text,
    `
Cancelled:
  domain/web-0#start

Skipped (dependency failed):
  domain/web-0#define  (disk/web-0.root#create)

Failed:
  disk/web-0.root#create
    qemu-img create failed:
    no space left on device
      Free space and apply again.

Apply incomplete: 2 added, 0 changed, 0 destroyed; of 5 actions 1 failed, 1 skipped, 1 cancelled.
Completed actions are kept. Run the same command again to continue.
`,
  );
});

test("every failure is listed, and of what was cancelled the first few", async () => {
  const { reporter, stdout } = await recordingReporter({ command: "destroy" });
  const failed = Array.from(
    { length: 50 },
    (_, index) => ({ action: `a/${index}#x`, status: "failed", milliseconds: 1, diagnostics: failure(`reason ${index}.`) }) as const,
  );
  const skipped = Array.from(
    { length: 50 },
    (_, index) => ({ action: `b/${index}#x`, status: "skipped", milliseconds: 0, diagnostics: [], because: "a/0#x" }) as const,
  );
  reporter.event({ type: "apply.end", plan: create, outcomes: [...failed, ...skipped], milliseconds: 1 });
  for (const { diagnostics } of failed) assert.ok(stdout.text.includes(diagnostics[0]?.summary ?? "?"));
  assert.match(stdout.text, /… and 30 more/);
  assert.match(stdout.text, /Destroy incomplete: 0 added, 0 changed, 0 destroyed; of 100 actions 50 failed, 50 skipped\./);
});

async function answered(input: string | null, destroys: readonly string[] = []): Promise<{ answer: boolean | undefined; asked: string }> {
  const stdin = new PassThrough();
  const { reporter, stderr } = await recordingReporter({ command: "apply", interactive: true, stdin });
  const answer = reporter.confirm?.({ plan: create, destroys });
  if (input === null) stdin.end();
  else stdin.write(input);
  return { answer: await answer, asked: stderr.text };
}

test("only the word yes is consent", async () => {
  assert.equal((await answered("yes\n")).answer, true);
  assert.equal((await answered("yes \n")).answer, true);
  for (const input of ["y\n", "no\n", "\n", "YES!\n", null])
    assert.equal((await answered(input)).answer, false, `answered ${JSON.stringify(input)}`);
  assert.match((await answered("no\n", ["20GiB disk web-2.root"])).asked, /The data of 1 object will be permanently deleted/);
});

test("asking to stop answers the question with no", async () => {
  const { reporter, stderr } = await recordingReporter({ command: "apply", interactive: true, stdin: new PassThrough() });
  const answer = reporter.confirm?.({ plan: create, destroys: [] });
  reporter.event({ type: "apply.stopping" });
  assert.equal(await answer, false);
  assert.match(stderr.text, /nothing has been done/);
});

test("without a terminal there is no prompt", async () => {
  for (const format of ["text", "json"] as const) {
    const { reporter } = await recordingReporter({ format, command: "apply" });
    assert.equal(reporter.confirm, undefined);
  }
});

test("sizes and durations for people", () => {
  assert.deepEqual([0, 1023, 1024, 1536, 123_456_789, 2 ** 40].map(approximateQuantity), [
    "0B",
    "1023B",
    "1KiB",
    "1.5KiB",
    "118MiB",
    "1TiB",
  ]);
  assert.deepEqual([-5, 40, 9949, 9960, 59_400, 59_600, 3_599_000, 3_720_000].map(formatDuration), [
    "0.0s",
    "0.0s",
    "9.9s",
    "10s",
    "59s",
    "1m00s",
    "59m59s",
    "1h02m",
  ]);
});

test("an action that waits for conditions says how many are so and what the others lack", async () => {
  const { reporter, stderr, clock } = await recordingReporter({ command: "apply" });
  reporter.event({ type: "apply.start", plan: create, actions: create.actions, parallelism: 4 });
  reporter.event({ type: "action.start", id: ids[0] });
  clock.milliseconds += 6000;
  const progress = { done: 1, total: 2, phase: "wait", waits: "interface 0: vnet3 is not a port of bridge br-int" };
  reporter.event({ type: "action.progress", id: ids[0], progress });
  assert.match(stderr.text, /1 of 2 ready; interface 0: vnet3 is not a port of bridge br-int after 6\.0s\n$/);

  const json = await recordingReporter({ format: "json", command: "apply" });
  json.reporter.event({ type: "apply.start", plan: create, actions: create.actions, parallelism: 4 });
  json.reporter.event({ type: "action.start", id: ids[0] });
  json.reporter.event({ type: "action.progress", id: ids[0], progress });
  const { hook } = JSON.parse(json.stdout.text.trim().split("\n").at(-1) ?? "");
  assert.deepEqual([hook.conditions_met, hook.conditions, hook.waits_for, hook.bytes_done], [1, 2, progress.waits, undefined]);
});
