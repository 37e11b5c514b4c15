import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAllowedProcessors, parseIdleTimes, pickIdle } from "../../../../src/tools/conversion/processors.ts";

test("the processors of a process are read from its status", () => {
  const status = (list: string) => `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\nMems_allowed_list:\t0-3\n`;
  assert.deepEqual(parseAllowedProcessors(status("0-1")), [0, 1]);
  assert.deepEqual(parseAllowedProcessors(status("3")), [3]);
  assert.deepEqual(parseAllowedProcessors(status("0,2-4,17")), [0, 2, 3, 4, 17]);
  for (const text of ["", "Name:\tnode\n", status(""), status("all"), status("2-0"), status("9-,-")])
    assert.deepEqual(parseAllowedProcessors(text), [], JSON.stringify(text));
});

test("the processors that were idle the longest between two looks are chosen, and equal ones by chance", () => {
  const stat = (...idle: readonly number[]) =>
    parseIdleTimes(["cpu  1 2 3 4 5 6", ...idle.map((ticks, index) => `cpu${index} 7 0 5 ${ticks} 1 0 3 0 0 0`), "intr 12 0"].join("\n"));
  assert.deepEqual(
    [...stat(100, 90)],
    [
      [0, 101],
      [1, 91],
    ],
  );
  const looks = [stat(100, 500, 100, 100, 100, 100), stat(110, 500, 107, 110, 110, 103)] as const;
  const pick = (most: number, ...chances: number[]) => pickIdle([0, 1, 2, 3, 4, 5], most, looks, () => chances.shift() ?? 0);
  assert.deepEqual(pick(4, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6), [0, 3, 4, 2]);
  assert.deepEqual(pick(2, 0.9, 0, 0, 0.3, 0.2, 0), [4, 3]);
  assert.deepEqual(
    pickIdle([8, 9], 4, [parseIdleTimes(""), parseIdleTimes("")], () => 0),
    [8, 9],
  );
  assert.deepEqual(
    pickIdle([], 4, looks, () => 0),
    [],
  );
});
