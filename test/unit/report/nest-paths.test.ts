import assert from "node:assert/strict";
import { test } from "node:test";
import { nested } from "../../../src/report/nest-paths.ts";

test("paths become nested objects", () => {
  const state = {
    name: "web",
    "disks.vda.source": "/disk",
    "disks.vda.bus": "virtio",
    "interfaces.52:54:00:00:00:01.source": "lan",
    foreign: { "a.b": 1 },
  };
  assert.deepEqual(nested(state), {
    name: "web",
    disks: { vda: { source: "/disk", bus: "virtio" } },
    interfaces: { "52:54:00:00:00:01": { source: "lan" } },
    foreign: { "a.b": 1 },
  });
});

test("a path below a value keeps its dots, and nothing is lost", () => {
  assert.deepEqual(nested({ cpu: "host", "cpu.mode": "custom" }), { cpu: "host", "cpu.mode": "custom" });
  assert.deepEqual(nested({ "cpu.mode": "custom", cpu: "host" }), { cpu: "host", "cpu.mode": "custom" });
});

test("what is no object stays as it is", () => {
  for (const value of [null, 1, "a.b", ["a.b"]]) assert.deepEqual(nested(value), value);
});
