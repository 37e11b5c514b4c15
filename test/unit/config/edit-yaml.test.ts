import assert from "node:assert/strict";
import { test } from "node:test";
import { editYaml } from "../../../src/config/edit-yaml.ts";

test("a written text that looks like an expression is text", () => {
  const edits = [
    { pointer: ["a"], value: '${file("x")}' },
    { pointer: ["b", "c"], value: ["${y}", 1, null] },
  ];
  assert.equal(editYaml("a: 1\nb: { c: [] }\n", edits), 'a: $${file("x")}\nb: { c: [ "$${y}", 1, null ] }\n');
});
