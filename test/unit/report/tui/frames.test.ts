import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActionProgress } from "../../../../src/model/action.ts";
import { type Line, paint } from "../../../../src/report/style.ts";
import { applyViewLines } from "../../../../src/report/tui/apply-lines.ts";
import { type ApplyViewEvent, reduceApplyView } from "../../../../src/report/tui/apply-view.ts";
import { fitLine } from "../../../../src/report/tui/fit-line.ts";
import { openPlanView, planViewLines } from "../../../../src/report/tui/plan-view.ts";
import { assertGolden } from "../../../support/golden.ts";
import { plan as mixed } from "../plans/mixed.ts";
import { failure, manyInstances } from "../support.ts";
import { applied, pressed, size, wholly } from "./support.ts";

/** A frame as the terminal shows it, without colours. */
function frame(lines: readonly Line[]): string {
  return lines.map((line) => `${paint([fitLine(line, size.columns)], false).trimEnd()}\n`).join("");
}

function assertFrame(name: string, lines: readonly Line[]): void {
  const text = frame(lines);
  const rows = text.trimEnd().split("\n");
  assert.ok(rows.length < size.rows, `${rows.length} rows`);
  for (const row of rows) assert.ok([...row].length <= size.columns, `too wide: ${row}`);
  assertGolden(new URL(`frames/${name}.golden.txt`, import.meta.url), text);
}

const ids = manyInstances(200).actions.map(({ id }) => id);

test("frame: a plan of 200 instances, some of it open", () => {
  const state = openPlanView(manyInstances(200), { command: "apply", destroys: 0, size, each: true });
  assertFrame("plan-large", planViewLines(pressed(state, "down", "enter", "down", "enter", "end", "up")));
  assertFrame("plan-large-top", planViewLines(pressed(state, "down", "enter", "down", "enter")));
});

test("frame: a plan of 200 instances that are alike, one of them looked for, and the keys", () => {
  const state = openPlanView(manyInstances(200), { command: "plan", destroys: 0, size, purpose: "browse" });
  assertFrame("plan-alike", planViewLines(pressed(state, "down", "enter", "down", "enter")));
  const filtered = pressed(state, "/", ..."web-57");
  assertFrame("plan-filter", planViewLines(filtered));
  assert.deepEqual(pressed(filtered, "enter", "escape").rows, state.rows, "escape shows everything again");
  assertFrame("plan-keys", planViewLines(pressed(state, "?")));
});

test("frame: a plan that loses data, while the word is typed", () => {
  const state = openPlanView(mixed, { command: "apply", destroys: 2, size });
  assertFrame("plan-lossy", planViewLines(state));
  assertFrame("plan-typing", planViewLines(pressed(state, "e", "y", "e")));
});

test("frame: an apply of 200 instances, in the middle of it", () => {
  const { state, now } = applied(200, () => [
    ...ids.slice(0, 120).flatMap((id) => wholly(id)),
    { type: "action.start", id: ids[120] ?? "" },
    {
      type: "action.end",
      id: ids[120] ?? "",
      outcome: {
        action: ids[120] ?? "",
        status: "failed",
        milliseconds: 340,
        diagnostics: failure("qemu-img create: no space left on device, 12MiB free at /var/lib/virtform/instances"),
      },
    },
    { type: "action.start", id: ids[122] ?? "" },
    { type: "action.start", id: ids[125] ?? "" },
    { type: "action.start", id: ids[129] ?? "" },
    { type: "action.progress", id: ids[125] ?? "", progress: { done: 1.4 * 2 ** 30, total: 2 * 2 ** 30, phase: "copy" } },
    { type: "action.progress", id: ids[129] ?? "", progress: { done: 12345 } },
  ]);
  assertFrame("apply-large", applyViewLines(state, now));
  const looking = [..."/web-31"].reduce((view, text) => reduceApplyView(view, { type: "key", key: { name: "text", text } }, now), state);
  assertFrame("apply-filter", applyViewLines(looking, now));
  assertFrame("apply-keys", applyViewLines(reduceApplyView(state, { type: "key", key: { name: "text", text: "?" } }, now), now));
});

test("frame: transfers with their pace, the time that is left, and further tries", () => {
  const download = (done: number, more: object = {}) => ({ done, total: 3 * 2 ** 30, phase: "download", ...more });
  const report = (progress: ActionProgress): ApplyViewEvent => ({ type: "action.progress", id: ids[0] ?? "", progress });
  // A second and more goes by between two reports.
  const quiet = Array.from({ length: 9 }, () => report(download(2 ** 30)));
  const events = [
    { type: "action.start", id: ids[0] ?? "" } as const,
    report(download(2 ** 29)),
    ...quiet,
    report(download(2 ** 30 + 2 ** 28)),
  ];
  const wide = { rows: 24, columns: 120 };
  const { state, now } = applied(1, () => events, wide);
  const line = (view: typeof state) => paint(applyViewLines(view, now).slice(1, 2), false);
  assert.match(line(state), /download 41% of 3GiB, [\d.]+MiB\/s, [\d.]+s left {2}fetch and convert/);
  const retry = { attempt: 2, of: 4, because: "the server answers 503" };
  const again = reduceApplyView(state, report(download(2 ** 30 + 2 ** 28, { retry })), now);
  assert.match(line(again), /download 41% of 3GiB, try 2 of 4 \(the server answers 503\) {2}fetch/);
});

test("frame: an apply that is being looked around in, and one that is being stopped", () => {
  const events: ApplyViewEvent[] = [...wholly(ids[0] ?? ""), { type: "action.start", id: ids[1] ?? "" }];
  const around = applied(200, () => [...events, { type: "key", key: { name: "end" } }]);
  assertFrame("apply-around", applyViewLines(around.state, around.now));
  const stopped = applied(2, () => [...events, { type: "key", key: { name: "interrupt" } }]);
  assertFrame("apply-stopping", applyViewLines(stopped.state, stopped.now));
});
