import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAllowedProcessors, pickProcessors } from "../../../../src/tools/conversion/processors.ts";

test("the processors of a process are read from its status", () => {
  const status = (list: string) => `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\nMems_allowed_list:\t0-3\n`;
  assert.deepEqual(parseAllowedProcessors(status("0-1")), [0, 1]);
  assert.deepEqual(parseAllowedProcessors(status("3")), [3]);
  assert.deepEqual(parseAllowedProcessors(status("0,2-4,17")), [0, 2, 3, 4, 17]);
  for (const text of ["", "Name:\tnode\n", status(""), status("all"), status("2-0"), status("9-,-")])
    assert.deepEqual(parseAllowedProcessors(text), [], JSON.stringify(text));
});

test("processors are chosen far from each other, each once, wherever the choice begins", () => {
  const allowed = Array.from({ length: 16 }, (_, index) => index);
  assert.deepEqual(pickProcessors(allowed, 4, 0), [0, 4, 8, 12]);
  assert.deepEqual(pickProcessors(allowed, 4, 0.5), [2, 6, 10, 14]);
  assert.deepEqual(pickProcessors([5, 9], 4, 0.9), [5, 9]);
  assert.deepEqual(pickProcessors([7], 4, 0.99), [7]);
  assert.deepEqual(pickProcessors([], 4, 0.5), []);
  for (let count = 1; count < 20; count += 1)
    for (let start = 0; start < 1; start += 0.07) {
      const picked = pickProcessors(allowed.slice(0, count), 4, start);
      assert.equal(new Set(picked).size, Math.min(4, count), `${picked.join(", ")} of ${count}`);
      assert.ok(picked.every((processor) => processor < count));
    }
});
