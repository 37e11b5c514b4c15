import assert from "node:assert/strict";
import { test } from "node:test";
import { writesPastCache } from "../../../../src/tools/conversion/writes-past-cache.ts";

const GiB = 2 ** 30;

test("only what is copied as it is, in whole blocks, is written past the page cache", () => {
  assert.equal(writesPastCache({ file: 2.01 * GiB, data: 2 * GiB, disk: 8 * GiB }), true);
  assert.equal(writesPastCache({ file: 1.95 * GiB, data: 2 * GiB, disk: 8 * GiB }), true);
  assert.equal(writesPastCache({ file: GiB, data: 2 * GiB, disk: 8 * GiB }), false);
  assert.equal(writesPastCache({ file: 2.01 * GiB, data: 2 * GiB, disk: 8 * GiB + 512 }), false);
  assert.equal(writesPastCache({ file: 65_536, data: 0, disk: GiB }), true);
});
