import assert from "node:assert/strict";
import { test } from "node:test";
import { qcow2HeaderOf } from "../../../src/tools/qcow2-header-of.ts";

/** A header of version 3 with this virtual size. */
function headerOf(size: number): Buffer {
  const bytes = Buffer.alloc(4096);
  bytes.write("QFI\xfb", 0, "latin1");
  bytes.writeUInt32BE(3, 4);
  bytes.writeUInt32BE(16, 20);
  bytes.writeBigUInt64BE(BigInt(size), 24);
  bytes.writeUInt32BE(4, 96);
  bytes.writeUInt32BE(104, 100);
  return bytes;
}

test("equal headers are read once, and others are not taken for them", () => {
  const first = qcow2HeaderOf(headerOf(4096));
  assert.equal(first?.header?.virtualSize, 4096);
  assert.equal(qcow2HeaderOf(headerOf(4096)), first);
  assert.equal(qcow2HeaderOf(headerOf(8192))?.header?.virtualSize, 8192);
  assert.equal(qcow2HeaderOf(Buffer.from("no header")), undefined);
  assert.equal(qcow2HeaderOf(headerOf(4096))?.header?.virtualSize, 4096);
});
