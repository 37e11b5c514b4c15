import assert from "node:assert/strict";
import { test } from "node:test";
import { batches } from "../../../bin/lib/test/batches.ts";

const file = (name: string, seconds = 1, sociable = true) => ({ name, seconds, sociable });
const named = (files: readonly ReturnType<typeof file>[]) => batches(files).map((batch) => batch.map(({ name }) => name).join(" "));

test("small files share a process; long ones, and those that need it for themselves, do not", () => {
  assert.deepEqual(named([file("a"), file("long", 40), file("b", 3), file("alone", 1, false), file("c")]), ["a b c", "long", "alone"]);
});

test("a batch has bounds of time and of files", () => {
  assert.deepEqual(
    batches(Array.from({ length: 45 }, (_, at) => file(`f${at}`))).map(({ length }) => length),
    [20, 20, 5],
  );
  assert.deepEqual(named(["a", "b", "c", "d", "e", "f", "g"].map((name) => file(name, 7))), ["a b c d", "e f g"]);
  assert.deepEqual(named([]), []);
});
