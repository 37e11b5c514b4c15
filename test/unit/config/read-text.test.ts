import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readBytesSync } from "../../../src/config/read-text.ts";

const problemOf = (path: string, limit: number) => {
  const read = readBytesSync(path, limit, "shown");
  return "problem" in read ? read.problem.code : read.bytes.length;
};

test("files of up to the limit are read whole, also those whose size the kernel does not tell", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "virtform-read-"));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const bytes of [0, 1, 99_999, 100_000]) {
    writeFileSync(join(directory, "file"), "x".repeat(bytes));
    assert.equal(problemOf(join(directory, "file"), 100_000), bytes);
  }
  writeFileSync(join(directory, "file"), "x".repeat(100_001));
  assert.equal(problemOf(join(directory, "file"), 100_000), "file-too-large");
  assert.ok(Number(problemOf("/proc/self/status", 100_000)) > 100);
});

test("a file of the kernel without an end, a device and a directory are problems, not read", () => {
  assert.equal(problemOf("/proc/self/pagemap", 100_000), "file-too-large");
  assert.equal(problemOf("/dev/zero", 100_000), "not-a-file");
  assert.equal(problemOf("/proc", 100_000), "not-a-file");
  assert.equal(problemOf("/proc/nothing", 100_000), "file-not-found");
});
