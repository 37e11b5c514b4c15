import assert from "node:assert/strict";
import { test } from "node:test";
import { toKeys } from "../../../../src/report/tui/keys.ts";
import { openPlanView, planViewLines, reducePlanView } from "../../../../src/report/tui/plan-view.ts";
import { plan as mixed } from "../plans/mixed.ts";
import { manyInstances } from "../support.ts";
import { key, pressed, size, textOf } from "./support.ts";

const large = () => openPlanView(manyInstances(200), { command: "apply", destroys: 0, size, each: true });
const harmless = () => openPlanView(manyInstances(1), { command: "apply", destroys: 0, size });
const lossy = () => openPlanView(mixed, { command: "apply", destroys: 2, size });
const cursorText = (state: ReturnType<typeof large>) =>
  textOf([state.rows[state.cursor]?.line ?? []])
    .trim()
    .split("  ")[0];

test("a large plan opens with its groups closed: what is shared first, then each instance", () => {
  const { rows } = large();
  assert.equal(rows.length, 201);
  assert.deepEqual(
    rows.slice(0, 3).map(({ line }) => line[0]?.text),
    ["images", "web-0", "web-1"],
  );
});

test("enter, space and the arrows open and close; left goes to the parent", () => {
  let state = pressed(large(), "down", "enter");
  assert.equal(state.rows.length, 204);
  state = pressed(state, "down", "right");
  assert.equal(cursorText(state), "+ disk/web-0.root");
  assert.equal(state.rows.length, 208, "its three fields are shown, and the reason, for which the line has no room");
  state = pressed(state, "down", "left");
  assert.equal(cursorText(state), "+ disk/web-0.root");
  state = pressed(state, "left", "left");
  assert.equal(cursorText(state), "web-0");
  assert.equal(pressed(state, " ").rows.length, 201);
});

test("e opens everything and closes it again, and the cursor stays with its object", () => {
  const there = pressed(large(), "down", "enter", "down", "down");
  const all = pressed(there, "e");
  assert.equal(cursorText(all), "+ seed/web-0");
  assert.ok(all.rows.length > 1500);
  const none = pressed(all, "e");
  assert.equal(none.rows.length, 201);
  assert.equal(cursorText(none), "web-0", "its object is hidden: the nearest above it that is not");
});

test("moving stays within the rows and the window follows", () => {
  assert.equal(pressed(large(), "up").cursor, 0);
  const end = pressed(large(), "end");
  assert.equal(end.cursor, 200);
  assert.equal(pressed(end, "down").cursor, 200);
  assert.match(textOf(planViewLines(end)), /❯ ▸ web-199/);
  const page = pressed(large(), "page-down");
  assert.ok(page.cursor > 10 && page.cursor < size.rows);
});

test("never more lines than the terminal has, whatever is open and however it is resized", () => {
  for (const rows of [12, 24, 60]) {
    for (const keys of [[], ["e"], ["e", "end"], ["e", "page-down"]]) {
      let state = pressed(large(), ...keys);
      state = reducePlanView(state, { type: "resize", size: { rows, columns: 80 } });
      const lines = planViewLines(state);
      assert.ok(lines.length < rows, `${lines.length} lines on ${rows} rows`);
      assert.match(textOf(lines), /❯/, "the cursor is in sight");
    }
  }
});

test("y and n answer where nothing is lost", () => {
  assert.equal(harmless().answer, undefined);
  assert.equal(pressed(harmless(), "y").answer, true);
  for (const name of ["n", "q", "escape", "interrupt"]) assert.equal(pressed(harmless(), name).answer, false);
  assert.equal(pressed(harmless(), "x", "enter").answer, undefined);
});

test("where data is lost only the word yes is consent", () => {
  const typing = pressed(lossy(), "y");
  assert.equal(typing.answer, undefined);
  assert.equal(pressed(typing, "enter").answer, undefined);
  assert.match(textOf(planViewLines(pressed(typing, "enter"))), /"y" is not "yes"/);
  assert.equal(pressed(typing, "e", "s").answer, undefined);
  assert.equal(pressed(typing, "e", "s", "enter").answer, true);
  assert.equal(pressed(typing, "e", "s", "s", "backspace", "enter").answer, true);
  assert.equal(pressed(typing, "n").answer, undefined, "a letter like any other");
  assert.equal(pressed(typing, "escape", "n").answer, false);
  assert.equal(pressed(typing, "backspace", "n").answer, false);
  assert.equal(pressed(typing, "interrupt").answer, false);
});

test("what is lost stands first in the tree", () => {
  const text = textOf(planViewLines(lossy()));
  assert.match(text, /Data that will be permanently deleted: 2 objects\n +- 20GiB disk web-2\.root\n +- 5GiB disk web-3\.root\n/);
  assert.match(text, /The data of 2 objects will be permanently deleted/);
});

test("after the answer nothing changes any more", () => {
  const answered = pressed(harmless(), "n");
  assert.equal(reducePlanView(answered, { type: "key", key: key("y") }), answered);
});

test("characters that arrive together are keys one by one", () => {
  const none = {} as Parameters<typeof toKeys>[1];
  assert.deepEqual(toKeys("yes\r", none), [key("y"), key("e"), key("s"), { name: "enter" }]);
  assert.deepEqual(toKeys("\u0003", none), [{ name: "interrupt" }]);
  assert.deepEqual(toKeys("c", { ...none, ctrl: true }), [{ name: "interrupt" }]);
  assert.deepEqual(toKeys("", { ...none, pageDown: true }), [{ name: "page-down" }]);
});

test("the variables that the plan depends on are in a line of their own, and the tree has one line less", () => {
  const plan = { ...manyInstances(200), variables: [{ name: "env", value: "prod", sensitive: false, from: "--var" }] };
  const [without, state] = [planViewLines(large()), openPlanView(plan, { command: "apply", destroys: 0, size, each: true })];
  const lines = planViewLines(state);
  assert.equal(lines.length, without.length);
  assert.equal(textOf(lines.slice(1, 2)).trim(), 'Variables: env = "prod"');
  assert.equal(cursorText(pressed(state, "down")), "web-0");
});
