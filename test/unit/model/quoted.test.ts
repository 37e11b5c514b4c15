import assert from "node:assert/strict";
import { test } from "node:test";
import { quoted } from "../../../src/model/quoted.ts";

test("a message quotes a value, and of a long one the beginning", () => {
  assert.equal(quoted("2GB"), '"2GB"');
  assert.equal(quoted(undefined), "undefined");
  assert.equal(quoted("x".repeat(10_000)), `"${"x".repeat(99)}…`);
});
