import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRunningCopyRecord } from "../../../src/sources/running-copy-record.ts";

const record = { version: 1, uri: "qemu:///system", domain: "11111111-0000-4000-8000-000000000001", frozen: true };
const read = (content: unknown) => parseRunningCopyRecord(Buffer.from(JSON.stringify(content)));

test("the record of a copy is read as it was written", () => {
  assert.deepEqual(read(record), record);
  assert.equal(parseRunningCopyRecord(undefined), undefined);
});

test("a record that was changed leads to no other machine, and other content is none", () => {
  for (const uri of ["qemu+ssh://elsewhere/system", "qemu://elsewhere/system", "qemu:///system?socket=/tmp/x", 1])
    assert.equal(read({ ...record, uri }), undefined, String(uri));
  for (const content of [null, [], "x", { ...record, version: 2 }, { ...record, domain: 1 }, { ...record, frozen: "yes" }])
    assert.equal(read(content), undefined, JSON.stringify(content));
});
