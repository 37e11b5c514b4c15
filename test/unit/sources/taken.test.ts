import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTakenAddress } from "../../../src/sources/taken-address.ts";

test("addresses of disks of instances, and of volumes", () => {
  assert.deepEqual(parseTakenAddress("volume://data"), { kind: "volume", name: "data", file: "disk" });
  assert.deepEqual(parseTakenAddress("volume://data#2"), { kind: "volume", name: "data", file: "disk" });
  assert.deepEqual(parseTakenAddress("instance://web/root"), { kind: "instance", name: "web", file: "disk" });
  assert.deepEqual(parseTakenAddress("instance://web-0/eph1#2026-11"), { kind: "instance", name: "web-0", file: "disk.eph1" });
  assert.deepEqual(parseTakenAddress("instance://web/local"), { kind: "instance", name: "web", file: "disk.local" });
  for (const address of [
    "instance://web",
    "instance://web/config",
    "instance:///root",
    "instance://web/root#",
    "instance://../root",
    "file:///web/root",
    "volume://",
    "volume://data/root",
    "volume://data#",
  ])
    assert.equal(parseTakenAddress(address), undefined, address);
});
