import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiskSpec } from "../../../src/drivers/driver.ts";
import { qcow2Cost } from "../../../src/drivers/qcow2/cost.ts";

const MiB = 2 ** 20;
const disk = { size: 128 * MiB, content: { kind: "empty" }, preallocate: "space", encryption: null } as unknown as DiskSpec;
const encryption: DiskSpec["encryption"] = { passphrase: { env: "PASS" }, secretUuid: "" };

test("a disk whose space is reserved takes at once all that it can take", () => {
  for (const one of [disk, { ...disk, encryption }]) {
    const { takes } = qcow2Cost(one, { base: null, size: 0 });
    assert.ok((takes?.full ?? 0) > 128 * MiB);
    assert.equal(takes?.thin, takes?.full);
  }
  const grown = qcow2Cost(disk, { base: null, size: 64 * MiB }).takes;
  assert.ok((grown?.full ?? 0) >= 64 * MiB);
  assert.equal(grown?.thin, grown?.full);
  assert.equal(qcow2Cost({ ...disk, encryption }, { base: null, size: 64 * MiB }).takes?.thin, 0);
  assert.equal(qcow2Cost({ ...disk, preallocate: "none" }, { base: null, size: 64 * MiB }).takes?.thin, 0);
});
