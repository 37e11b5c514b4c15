import assert from "node:assert/strict";
import { test } from "node:test";
import { secretPlace, secretRefOf } from "../../../src/model/secret.ts";

test("a reference that was recorded is read back, and nothing else is one", () => {
  for (const reference of [{ env: "A" }, { file: "/a" }, { command: ["pass", "show", "a"] }])
    assert.deepEqual(secretRefOf(reference), reference);
  for (const other of [null, undefined, "A", {}, { env: 1 }, { command: [] }, { command: "pass" }, { command: ["pass", 1] }])
    assert.equal(secretRefOf(other), undefined);
});

test("a command is named as it would be typed", () => {
  assert.equal(secretPlace({ command: ["pass", "show", "web admin"] }), "the command pass show 'web admin'");
});
