import assert from "node:assert/strict";
import { test } from "node:test";
import { withSizes } from "../../../src/report/with-sizes.ts";

test("sizes of a state are written with units, also those of a field that waits for a restart; other numbers stay", () => {
  const sizes = new Set(["memory", "size"]);
  const state = {
    vcpus: 2,
    memory: 320 * 2 ** 20,
    "disks.vda.size": 2 ** 30,
    found: { size: 14190528, path: "/a" },
    pending: { memory: { active: 256 * 2 ** 20, stored: 320 * 2 ** 20 }, vcpus: { active: 1, stored: 2 } },
    sizes: [1, 2],
  };
  assert.deepEqual(withSizes(state, sizes), {
    vcpus: 2,
    memory: "320MiB",
    "disks.vda.size": "1GiB",
    found: { size: "13.5MiB (14190528 bytes)", path: "/a" },
    pending: { memory: { active: "256MiB", stored: "320MiB" }, vcpus: { active: 1, stored: 2 } },
    sizes: [1, 2],
  });
});
