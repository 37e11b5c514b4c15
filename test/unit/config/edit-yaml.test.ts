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

test("the first key of an entry of a list is removed, and the next one takes its place behind the dash", () => {
  const text = "networks:\n  - bridge: br0 # ours\n    addresses: [10.0.0.6] # fixed\n  - { user: true, mtu: 1400 }\n";
  const edits = [
    { pointer: ["networks", 0, "network"], value: "lan" },
    { pointer: ["networks", 0, "bridge"], value: undefined },
    { pointer: ["networks", 1, "network"], value: "lan" },
    { pointer: ["networks", 1, "user"], value: undefined },
  ];
  assert.equal(editYaml(text, edits), "networks:\n  - network: lan\n    addresses: [10.0.0.6] # fixed\n  - { mtu: 1400, network: lan }\n");
  const apart = "networks:\n  - bridge: br0\n    # what the router knows\n    mtu: 1400\n";
  assert.throws(() => editYaml(apart, [{ pointer: ["networks", 0, "bridge"], value: undefined }]), /cannot be changed in the file/);
});
