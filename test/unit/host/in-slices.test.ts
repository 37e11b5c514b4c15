import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { inSlices } from "../../../src/host/local/in-slices.ts";

test("the results have the order of the values, and a failure rejects", async () => {
  const values = Array.from({ length: 300 }, (_, index) => index);
  assert.deepEqual(
    await inSlices(values, (value) => value * 2),
    values.map((value) => value * 2),
  );
  assert.deepEqual(await inSlices([], () => assert.fail("nothing to do")), []);
  const fail = (value: number) => {
    if (value === 250) throw new Error("no such file");
    return value;
  };
  await assert.rejects(inSlices(values, fail), /no such file/);
});

test("the event loop runs between slices", async () => {
  let done = 0;
  const all = inSlices(Array.from({ length: 1000 }), () => {
    done += 1;
  });
  await turn();
  assert.ok(done > 0 && done < 1000, `${done} were done in one turn`);
  await all;
  assert.equal(done, 1000);
});
