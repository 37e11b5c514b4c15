import assert from "node:assert/strict";
import { test } from "node:test";
import { createPartsProgress } from "../../../../src/tools/conversion/parts-progress.ts";

test("progress of parts in any order becomes one that never goes back, and bytes are final up to the first part that is not done", () => {
  const [first, second, third] = [
    { offset: 0, length: 50 },
    { offset: 50, length: 100 },
    { offset: 150, length: 50 },
  ] as const;
  const fractions: number[] = [];
  const finals: number[] = [];
  const progress = createPartsProgress([first, second, third], {
    onFraction: (fraction) => fractions.push(fraction),
    onFinal: (bytes) => finals.push(bytes),
  });
  progress.reached(second, 0.5);
  progress.reached(first, 0.5);
  progress.reached(first, 0.2);
  progress.ended(second);
  progress.reached(second, 0.9);
  progress.ended(first);
  progress.ended(third);
  assert.deepEqual(fractions, [0.25, 0.375, 0.625, 0.75, 1]);
  assert.deepEqual(finals, [0, 150, 200]);
});

test("a disk without a byte is done when its part is", () => {
  const fractions: number[] = [];
  const finals: number[] = [];
  const part = { offset: 0, length: 0 };
  const calls = { onFraction: (fraction: number) => fractions.push(fraction), onFinal: (bytes: number) => finals.push(bytes) };
  createPartsProgress([part], calls).ended(part);
  assert.deepEqual([fractions, finals], [[1], [0]]);
});
