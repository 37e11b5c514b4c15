import assert from "node:assert/strict";
import { test } from "node:test";
import { createMutexes } from "../../../src/engine/mutex.ts";

test("work under the same name runs one after the other, under other names beside it", async () => {
  const mutexes = createMutexes();
  const log: string[] = [];
  const work = (name: string) => async () => {
    log.push(`+${name}`);
    await new Promise<void>((resolve) => setImmediate(resolve));
    log.push(`-${name}`);
  };
  await Promise.all([mutexes.hold(["a"], work("a1")), mutexes.hold(["a"], work("a2")), mutexes.hold(["b"], work("b"))]);
  assert.ok(log.indexOf("-a1") < log.indexOf("+a2"));
  assert.ok(log.indexOf("+b") < log.indexOf("-a1"));
});

test("names in any order never lock one another out", async () => {
  const mutexes = createMutexes();
  const results = await Promise.all([
    mutexes.hold(["a", "b"], async () => 1),
    mutexes.hold(["b", "a"], async () => 2),
    mutexes.hold(["a", "a"], async () => 3),
  ]);
  assert.deepEqual(results, [1, 2, 3]);
});

test("a failure is handed on and lets the next one in", async () => {
  const mutexes = createMutexes();
  const failed = mutexes.hold(["a"], async () => {
    throw new Error("no");
  });
  await assert.rejects(failed, /no/);
  assert.equal(await mutexes.hold(["a"], async () => "in"), "in");
});
