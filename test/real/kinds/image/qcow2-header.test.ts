import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { qcow2HeaderBytes, readQcow2Header } from "../../../../src/tools/qcow2-header.ts";
import { imageOf, patch, qemuImg, rawDisk, temporary, u32be, u64be } from "./images.ts";

const start = (path: string) => readFileSync(path).subarray(0, qcow2HeaderBytes);

for (const [name, options, size] of [
  ["of today", [], "20G"],
  ["of the old version", ["-o", "compat=0.10"], "1G"],
  ["with large clusters", ["-o", "cluster_size=2M"], "3T"],
  ["with small clusters", ["-o", "cluster_size=512"], "1M"],
] as const) {
  test(`a header ${name} says what qemu-img says`, (t) => {
    const directory = temporary(t);
    const path = join(directory, "x");
    const base = rawDisk(join(directory, "base, with a comma"));
    qemuImg("create", "-q", "-f", "qcow2", ...options, "-b", base, "-F", "raw", path, size);
    const info = JSON.parse(qemuImg("info", "-f", "qcow2", "--output=json", path));
    const header = readQcow2Header(start(path))?.header;
    assert.equal(header?.virtualSize, info["virtual-size"]);
    assert.equal(header?.clusterSize, info["cluster-size"]);
    assert.equal(header?.backing, info["backing-filename"]);
    assert.equal(header?.backingFormat, "raw");
    assert.equal(header?.encryption, 0);
    assert.equal(header?.dataFile, false);
  });
}

test("a file that does not say it is qcow2 has no header", (t) => {
  assert.equal(readQcow2Header(Buffer.alloc(0)), undefined);
  assert.equal(readQcow2Header(start(rawDisk(join(temporary(t), "x")))), undefined);
});

test("a backing name beyond the bytes given is located and not invented", (t) => {
  const path = imageOf(temporary(t), "qcow2");
  patch(path, 8, Buffer.concat([u64be(60_000n), u32be(20)]));
  const header = readQcow2Header(start(path))?.header;
  assert.deepEqual(header?.backingAt, { offset: 60_000, length: 20 });
  assert.equal(header?.backing, undefined);
});

test("a backing name outside the first cluster is a problem", (t) => {
  const path = imageOf(temporary(t), "qcow2");
  assert.match(readQcow2Header(start(patch(path, 8, Buffer.concat([u64be(65_530n), u32be(20)]))))?.problem ?? "", /first cluster/);
  assert.match(readQcow2Header(start(patch(path, 8, Buffer.concat([u64be(1000n), u32be(2000)]))))?.problem ?? "", /first cluster/);
});

test("no cut and no random byte makes the parser throw", (t) => {
  const whole = Buffer.from(start(imageOf(temporary(t), "qcow2")));
  for (let length = 0; length < 600; length += 1) readQcow2Header(whole.subarray(0, length));
  for (let at = 4; at < 160; at += 1) {
    for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
      const changed = Buffer.from(whole);
      changed[at] = value;
      readQcow2Header(changed);
    }
  }
});

test("the name of an external data file is read, and given where the image is refused", async (t) => {
  const directory = temporary(t);
  const path = join(directory, "x");
  qemuImg("create", "-q", "-f", "qcow2", "-o", `data_file=${join(directory, "data.raw")}`, path, "1M");
  const header = readQcow2Header(start(path))?.header;
  assert.equal(header?.dataFile, true);
  assert.equal(header?.dataFileName, join(directory, "data.raw"));
});
