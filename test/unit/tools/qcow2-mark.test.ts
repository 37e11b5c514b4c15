import assert from "node:assert/strict";
import { test } from "node:test";
import { readQcow2Header } from "../../../src/tools/qcow2-header.ts";
import { markedQcow2 } from "../../../src/tools/qcow2-mark.ts";
import { makeQcow2 } from "../../fake-host/qcow2.ts";
import { readSparse } from "../../fake-host/sparse.ts";

const overlay = (path: string) => readSparse(makeQcow2({ size: 2 ** 30, backing: { path, format: "raw" } }));

test("the mark changes nothing else that a header says, and is put once", () => {
  for (const path of ["/b", "/var/lib/virtform/instances/_base/0123456789abcdef0123456789abcdef01234567", `/${"x".repeat(1000)}`]) {
    const image = overlay(path);
    const marked = markedQcow2(image);
    assert.ok(marked);
    const [{ backingAt: before, ...had }, { backingAt: after, marked: isMarked, ...has }] = [image, marked].map(
      (bytes) => readQcow2Header(bytes)?.header ?? ({} as never),
    ) as never as [Record<string, unknown>, Record<string, unknown>];
    assert.deepEqual([has, isMarked], [had, true]);
    assert.equal(Number((after as { offset: number }).offset), (before as { offset: number }).offset + 16);
    assert.equal(marked.length, image.length);
    assert.ok(marked.subarray(65_536).equals(image.subarray(65_536)));
    assert.equal(markedQcow2(marked), undefined);
  }
});

test("what is no qcow2 of version 3, or has no room, gets no mark", () => {
  assert.equal(markedQcow2(Buffer.alloc(4096)), undefined);
  const old = overlay("/b");
  old.writeUInt32BE(2, 4);
  assert.equal(markedQcow2(old), undefined);
  assert.equal(markedQcow2(overlay("/b").subarray(0, 200)), undefined);
});
