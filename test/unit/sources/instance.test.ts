import assert from "node:assert/strict";
import { test } from "node:test";
import { parseInstanceAddress } from "../../../src/sources/instance.ts";

test("addresses of disks of instances", () => {
  assert.deepEqual(parseInstanceAddress("instance://web/root"), { instance: "web", file: "disk" });
  assert.deepEqual(parseInstanceAddress("instance://web-0/eph1#2026-11"), { instance: "web-0", file: "disk.eph1" });
  assert.deepEqual(parseInstanceAddress("instance://web/local"), { instance: "web", file: "disk.local" });
  for (const address of [
    "instance://web",
    "instance://web/config",
    "instance:///root",
    "instance://web/root#",
    "instance://../root",
    "file:///web/root",
  ])
    assert.equal(parseInstanceAddress(address), undefined, address);
});
