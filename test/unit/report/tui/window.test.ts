import assert from "node:assert/strict";
import { test } from "node:test";
import { type Folded, fold, windowAround } from "../../../../src/report/tui/window.ts";

test("a window moves no more than it must to show the focus", () => {
  assert.deepEqual(windowAround(100, 10, 0), { start: 0, end: 10 });
  assert.deepEqual(windowAround(100, 10, 9), { start: 0, end: 10 });
  assert.deepEqual(windowAround(100, 10, 10), { start: 1, end: 11 });
  assert.deepEqual(windowAround(100, 10, 50, 45), { start: 45, end: 55 });
  assert.deepEqual(windowAround(100, 10, 99, 95), { start: 90, end: 100 });
  assert.deepEqual(windowAround(3, 10, 2), { start: 0, end: 3 });
  assert.deepEqual(windowAround(0, 10, 0), { start: 0, end: 0 });
});

test("a list that fits is not folded", () => {
  assert.deepEqual(fold(3, 5, []), [{ row: 0 }, { row: 1 }, { row: 2 }]);
  assert.deepEqual(fold(0, 5, []), []);
});

test("what matters is kept and the rest is folded", () => {
  assert.deepEqual(fold(100, 5, [50, 20]), [{ from: 0, to: 20 }, { row: 20 }, { from: 21, to: 50 }, { row: 50 }, { from: 51, to: 100 }]);
  assert.deepEqual(fold(100, 3, [0, 1, 2]), [{ row: 0 }, { row: 1 }, { from: 2, to: 100 }]);
});

test("whatever is asked for, the lines fit and every row is accounted for once", () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  for (let round = 0; round < 2000; round += 1) {
    const total = random(60);
    const height = 1 + random(20);
    const order = Array.from({ length: random(80) }, () => random(70) - 5);
    const lines = fold(total, height, order);
    assert.ok(lines.length <= height, `${lines.length} lines in ${height}`);
    const covered = lines.flatMap((line: Folded) =>
      "row" in line ? [line.row] : Array.from({ length: line.to - line.from }, (_, index) => line.from + index),
    );
    assert.deepEqual(
      covered,
      Array.from({ length: total }, (_, index) => index),
    );
    const first = order.find((row) => row >= 0 && row < total);
    if (first !== undefined && height >= 3)
      assert.ok(
        lines.some((line) => "row" in line && line.row === first),
        "the most important row is shown",
      );
  }
});
