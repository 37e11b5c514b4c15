import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { processorsInUse, ranks, runAll, type Task } from "../../../bin/lib/test/schedule.ts";

const task = (name: string, seconds: number, over: Partial<Task> = {}): Task => ({
  name,
  seconds,
  load: 1,
  after: [],
  libvirt: "unused",
  ...over,
});

/** Runs tasks that end in the order of their seconds, and records who ran beside whom. */
async function order(tasks: readonly Task[], slots: number, fails: readonly string[] = [], hasRoom?: () => boolean) {
  const running = new Set<string>();
  const started: string[] = [];
  const together: string[][] = [];
  const run = async ({ name, seconds }: Task) => {
    running.add(name);
    started.push(name);
    together.push([...running]);
    for (let passed = 0; passed < seconds; passed += 1) await turn();
    running.delete(name);
    return !fails.includes(name);
  };
  const ends = await runAll(tasks, slots, run, hasRoom);
  return { started, together, ends: Object.fromEntries([...ends].map(([{ name }, end]) => [name, end])) };
}

test("what the longest way to the end goes through starts first", async () => {
  const tasks = [task("short", 1), task("long", 9), task("build", 2), task("guest", 8, { after: ["build"] })];
  assert.deepEqual([...ranks(tasks)].sort(), [
    ["build", 10],
    ["guest", 8],
    ["long", 9],
    ["short", 1],
  ]);
  assert.deepEqual((await order(tasks, 1)).started, ["build", "long", "guest", "short"]);
});

test("a task that needs libvirt alone runs beside none that uses it, and those wait for it", async () => {
  const tasks = [
    task("a", 5, { libvirt: "shared" }),
    task("b", 5, { libvirt: "shared", after: ["unit"] }),
    task("restart", 2, { libvirt: "alone", after: ["unit"] }),
    task("unit", 1),
    task("unit too", 6),
  ];
  const { together, started } = await order(tasks, 2);
  for (const names of together.filter((one) => one.includes("restart")))
    assert.ok(!names.includes("a") && !names.includes("b"), `${names}`);
  assert.ok(started.indexOf("restart") < started.indexOf("b"));
  assert.equal(started.length, 5);
});

test("never more than the given number at a time, and never fewer without need", async () => {
  const { together } = await order(
    Array.from({ length: 9 }, (_, at) => task(`t${at}`, 3)),
    3,
  );
  assert.equal(Math.max(...together.map(({ length }) => length)), 3);
});

test("tasks that wait most of the time share a processor, and are started in order", async () => {
  const most = async (tasks: readonly Task[], hasRoom?: () => boolean) =>
    Math.max(...(await order(tasks, 2, [], hasRoom)).together.map(({ length }) => length));
  assert.equal(await most(Array.from({ length: 9 }, (_, at) => task(`wait${at}`, 9, { load: 0.6 }))), 5);
  const idle = Array.from({ length: 12 }, (_, at) => task(`idle${at}`, 12, { load: 0.1 }));
  assert.equal(await most(idle), 10);
  assert.equal(await most(idle, () => false), 6);
  assert.equal(await most(Array.from({ length: 9 }, (_, at) => task(`busy${at}`, 9, { load: 0.95 }))), 2);
  const mixed = [task("long", 9, { load: 0.5 }), task("busy", 8), task("short", 1, { load: 0.5 })];
  assert.deepEqual((await order(mixed, 1)).started, ["long", "busy", "short"]);
});

test("processors in use are fewer than the sum of loads, because tasks wait at different times", () => {
  assert.equal(processorsInUse([], 2), 0);
  assert.equal(processorsInUse([1, 1, 1], 2), 2);
  assert.equal(processorsInUse([0.5], 1), 0.5);
  // Both are idle in a quarter of the time.
  assert.equal(processorsInUse([0.5, 0.5], 1), 0.75);
  assert.equal(processorsInUse([0.5, 0.5], 2), 1);
});

test("what waits for something that failed is not run, and says why", async () => {
  const tasks = [task("guest", 1), task("boots", 1, { after: ["guest"] }), task("later", 1, { after: ["boots"] }), task("other", 1)];
  const { ends, started } = await order(tasks, 2, ["guest"]);
  assert.deepEqual(ends, { guest: { ok: false }, boots: { blocked: "guest" }, later: { blocked: "boots" }, other: { ok: true } });
  assert.deepEqual(started.toSorted(), ["guest", "other"]);
});

test("a task that waits for one that does not exist, or for itself, is an error", async () => {
  await assert.rejects(order([task("a", 1, { after: ["b"] })], 1), /a waits for b, which does not exist/);
  await assert.rejects(order([task("a", 1, { after: ["a"] })], 1), /call stack|wait for each other/);
});
