import assert from "node:assert/strict";
import { test } from "node:test";
import { cutDisk } from "../../../../src/tools/conversion/cut-disk.ts";

const MiB = 2 ** 20;
const GiB = 2 ** 30;

test("parts follow each other from the start of the disk to its end, and begin where no cluster is cut", () => {
  for (const bytes of [1, 511, 2 * MiB, 64 * MiB + 512, 300 * MiB + 3, 10 * GiB, 5 * GiB - 512, 8192 * GiB])
    for (const data of [0, 1, 70 * MiB, bytes, 2 * bytes]) {
      let end = 0;
      for (const { offset, length } of cutDisk(bytes, data)) {
        assert.equal(offset, end, `${bytes}, ${data}`);
        assert.equal(offset % (2 * MiB), 0);
        assert.ok(length > 0);
        end = offset + length;
      }
      assert.equal(end, bytes);
    }
});

test("a small disk is one part, and a large one has parts by its data, but not without number", () => {
  const counts = (bytes: number, data?: number) => cutDisk(bytes, data).length;
  assert.deepEqual(cutDisk(0), [{ offset: 0, length: 0 }]);
  assert.equal(counts(64 * MiB), 1);
  assert.equal(counts(100 * GiB, 20 * MiB), 1);
  assert.equal(counts(600 * MiB), 10);
  assert.equal(counts(10 * GiB, 600 * MiB), 10);
  assert.equal(counts(2000 * MiB), 32);
  assert.equal(counts(8192 * GiB), 64);
});
