import assert from "node:assert/strict";
import { test } from "node:test";
import { createPace } from "../../../src/host/local/pace.ts";

const mebibyte = 2 ** 20;

/** Signals after each of these states: size, allocated, read and data in MiB. */
function signals(states: readonly (readonly [size: number, allocated: number, read: number, data: number])[], maxData?: number) {
  const pace = createPace(maxData);
  return states.map((state) => {
    const [size = 0, allocated = 0, read = 0, data = 0] = state.map((one) => one * mebibyte);
    return pace.after({ size, allocated, read, data });
  });
}

test("a program that is more than 256 MiB ahead of its reader is stopped, and continues when it is less than 64 MiB ahead", () => {
  const found = signals([
    [256, 256, 0, 0],
    [300, 300, 10, 10],
    [300, 300, 200, 200],
    [300, 300, 237, 237],
    [400, 400, 240, 240],
  ]);
  assert.deepEqual(found, [undefined, "SIGSTOP", undefined, "SIGCONT", undefined]);
});

test("holes, and space that is held ready behind the end, do not count", () => {
  const found = signals([
    [10_000, 20, 0, 0],
    [10_000, 900, 9_900, 10],
  ]);
  assert.deepEqual(found, [undefined, undefined]);
});

test("near the limit of data, a program is stopped when it is 64 MiB ahead", () => {
  const found = signals(
    [
      [1010, 1010, 935, 935],
      [1010, 1010, 940, 940],
      [1010, 1010, 960, 960],
    ],
    1000 * mebibyte,
  );
  assert.deepEqual(found, ["SIGSTOP", undefined, "SIGCONT"]);
});
