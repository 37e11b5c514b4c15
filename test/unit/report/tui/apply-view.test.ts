import assert from "node:assert/strict";
import { test } from "node:test";
import { applyViewLines } from "../../../../src/report/tui/apply-lines.ts";
import { type ApplyViewEvent, reduceApplyView } from "../../../../src/report/tui/apply-view.ts";
import { failure } from "../support.ts";
import { applied, key, size, textOf, wholly } from "./support.ts";

const shown = ({ state, now }: ReturnType<typeof applied>) => textOf(applyViewLines(state, now));
const press = (name: string): ApplyViewEvent => ({ type: "key", key: key(name) });

test("what waits says for what, and what runs how far it is", () => {
  const text = shown(
    applied(2, (actions) => [
      { type: "action.start", id: actions[0]?.id ?? "" },
      { type: "action.progress", id: actions[0]?.id ?? "", progress: { done: 2 ** 29, total: 2 ** 30, phase: "download" } },
    ]),
  );
  assert.match(text, /image\/debian-13 +running +0\.1s +█{6}░{6} download 50% of 1GiB/);
  assert.match(text, /disk\/web-0\.root +waiting +after image\/debian-13 · create qcow2 disk/);
  assert.match(text, /domain\/web-0 +waiting +after disk\/web-0\.root, seed\/web-0 · define\n/);
  assert.match(text, /domain\/web-0 +waiting +after define · start\n/);
  assert.match(text, /seed\/web-0 +waiting +next in turn · build iso9660 config drive\n/);
  assert.match(text, / 0 of 9 done · 1 running · 8 waiting/);
});

test("failures show their reason in place, and what is skipped shows why", () => {
  const text = shown(
    applied(1, ([image, disk]) => [
      { type: "action.start", id: image?.id ?? "" },
      {
        type: "action.end",
        id: image?.id ?? "",
        outcome: { action: image?.id ?? "", status: "failed", milliseconds: 300, diagnostics: failure("404:\nnot found") },
      },
      {
        type: "action.end",
        id: disk?.id ?? "",
        outcome: { action: disk?.id ?? "", status: "skipped", milliseconds: 0, diagnostics: [], because: image?.id ?? "" },
      },
    ]),
  );
  assert.match(text, /✗ image\/debian-13 +failed +0\.3s +404: not found\n/);
  assert.match(text, /- disk\/web-0\.root +skipped +image\/debian-13#create failed\n/);
  assert.match(text, /1 failed · 1 skipped/);
});

test("the view follows what runs: 200 instances on 24 rows, everything that runs is in sight", () => {
  const at = applied(200, (actions) => [
    ...actions.slice(0, 301).flatMap(({ id }) => wholly(id)),
    ...[302, 400, 500, 797].map((place): ApplyViewEvent => ({ type: "action.start", id: actions[place]?.id ?? "" })),
  ]);
  const text = shown(at);
  const lines = text.trimEnd().split("\n");
  assert.ok(lines.length < size.rows, `${lines.length} lines`);
  assert.equal(lines.filter((line) => / running /.test(line) && /^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/.test(line)).length, 4);
  assert.match(text, /⋮ \d+ done/);
  assert.match(text, /301 of 801 done · 4 running · 496 waiting/);
});

test("failures stay in sight, but never push out what runs", () => {
  const at = applied(200, (actions) => [
    ...actions.slice(0, 200).map(
      ({ id }): ApplyViewEvent => ({
        type: "action.end",
        id,
        outcome: { action: id, status: "failed", milliseconds: 5, diagnostics: failure("disk full") },
      }),
    ),
    { type: "action.start", id: actions[700]?.id ?? "" },
  ]);
  assert.match(shown(at), /^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] .* running/m);
  assert.match(shown(at), /✗ .* failed .*disk full/);
});

test("looking around, and following again", () => {
  const running = (actions: readonly { readonly id: string }[]): ApplyViewEvent[] => [{ type: "action.start", id: actions[400]?.id ?? "" }];
  const top = (...events: ApplyViewEvent[]) => applied(200, (actions) => [...running(actions), ...events]).state.top;
  assert.equal(top(), undefined);
  assert.equal(top(press("down")), 399);
  assert.equal(top(press("up")), 397);
  assert.equal(top(press("home"), press("up")), 0);
  assert.equal(top(press("end")), 801 - 20);
  assert.equal(top(press("end"), press("page-up")), 801 - 20 - 19);
  assert.equal(top(press("end"), press("f")), undefined);
  assert.match(shown(applied(200, () => [press("home")])), /image\/debian-13/);
});

test("never more lines than the terminal has", () => {
  for (const rows of [12, 24, 50, 900]) {
    for (const keys of [[], ["down"], ["end"]]) {
      const at = applied(200, (actions) => [
        ...actions.slice(0, 9).flatMap(({ id }) => wholly(id)),
        ...keys.map(press),
        { type: "resize", size: { rows, columns: 80 } },
      ]);
      assert.ok(applyViewLines(at.state, at.now).length < rows);
    }
  }
});

test("Ctrl-C once stops after what runs, twice at once; a signal from outside counts as one", () => {
  const stopping = (...events: ApplyViewEvent[]) => applied(1, () => events).state.stopping;
  assert.equal(stopping(press("interrupt")), 1);
  assert.equal(stopping(press("interrupt"), { type: "apply.stopping" }), 1);
  assert.equal(stopping(press("interrupt"), { type: "apply.stopping" }, press("interrupt")), 2);
  assert.equal(stopping({ type: "apply.stopping" }), 1);
  assert.match(shown(applied(1, () => [press("interrupt")])), /Stopping after running actions finish\. Press Ctrl-C again to abort now\./);
  assert.match(shown(applied(1, () => [press("interrupt"), press("interrupt")])), /Aborting now\./);
});

test("events about actions that are not in the plan change nothing", () => {
  const { state } = applied(1, () => []);
  assert.equal(reduceApplyView(state, { type: "action.start", id: "x" }, 5), state);
  assert.equal(reduceApplyView(state, { type: "action.progress", id: "x", progress: { done: 1 } }, 5), state);
  assert.equal(
    reduceApplyView(state, { type: "action.end", id: "x", outcome: { action: "x", status: "done", milliseconds: 1, diagnostics: [] } }, 5),
    state,
  );
});
