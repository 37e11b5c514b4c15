import assert from "node:assert/strict";
import { test } from "node:test";
import { domainPower, stateReason } from "../../../../src/tools/libvirt/domain-state.ts";

test("states by their numbers: one that is shutting down and one that is unknown count as running", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7, 99].map(domainPower), [
    ...["running", "running", "running", "paused", "running", "stopped", "crashed", "suspended", "running"],
  ]);
});

test("reasons depend on the state, and an unknown number is no reason", () => {
  assert.equal(stateReason(1, 1), "booted");
  assert.equal(stateReason(3, 5), "io-error");
  assert.equal(stateReason(5, 1), "shutdown");
  assert.equal(stateReason(5, 3), "crashed");
  assert.equal(stateReason(6, 1), "panicked");
  assert.equal(stateReason(5, 99), "unknown");
  assert.equal(stateReason(99, 1), "unknown");
});
