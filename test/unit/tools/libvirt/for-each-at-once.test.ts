import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { forEachAtOnce } from "../../../../src/tools/libvirt/for-each-at-once.ts";

test("at most the given number of values are worked on at a time, each once and in order", async () => {
  const started: number[] = [];
  let running = 0;
  let most = 0;
  await forEachAtOnce(["a", "b", "c", "d", "e", "f", "g"], 3, async (_, index) => {
    started.push(index);
    running += 1;
    most = Math.max(most, running);
    await turn();
    running -= 1;
  });
  assert.deepEqual(started, [0, 1, 2, 3, 4, 5, 6]);
  assert.equal(most, 3);
  await forEachAtOnce([], 3, () => assert.fail("nothing to do"));
});

test("one failure is the failure of all", async () => {
  await assert.rejects(
    forEachAtOnce([1, 2, 3], 2, async (value) => {
      if (value === 2) throw new Error("refused");
    }),
    /refused/,
  );
});
