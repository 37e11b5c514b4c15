import assert from "node:assert/strict";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { writeWhole } from "../../../src/commands/write-whole.ts";

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "virtform-write-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test("a file is replaced as a whole, with its mode, and nothing else is left", async (t) => {
  const path = join(directory(t), "plan");
  await writeWhole(path, "old", 0o600);
  await writeWhole(path, "new", 0o600);
  assert.equal(readFileSync(path, "utf8"), "new");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(path, "..")), ["plan"]);
});

test("a link stays a link, and the file that it leads to is replaced", async (t) => {
  const path = directory(t);
  writeFileSync(join(path, "report.md"), "old");
  symlinkSync("report.md", join(path, "link"));
  await writeWhole(join(path, "link"), "new");
  assert.equal(lstatSync(join(path, "link")).isSymbolicLink(), true);
  assert.equal(readFileSync(join(path, "report.md"), "utf8"), "new");
});

test("a device is written to and never replaced", async () => {
  const before = lstatSync("/dev/null");
  await writeWhole("/proc/self/root/dev/null", "text");
  const after = lstatSync("/dev/null");
  assert.deepEqual([after.isCharacterDevice(), after.ino], [true, before.ino]);
  await assert.rejects(writeWhole("/dev/full", "text"), { code: "ENOSPC" });
  assert.equal(lstatSync("/dev/full").isCharacterDevice(), true);
});

test("a socket and a directory are not replaced", async (t) => {
  const path = directory(t);
  const server = createServer().listen(join(path, "socket"));
  t.after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  await assert.rejects(writeWhole(join(path, "socket"), "text"), { code: "ENXIO" });
  assert.equal(lstatSync(join(path, "socket")).isSocket(), true);
  mkdirSync(join(path, "directory"));
  await assert.rejects(writeWhole(join(path, "directory"), "text"), { code: "EISDIR" });
  assert.deepEqual(readdirSync(path).sort(), ["directory", "socket"]);
});
