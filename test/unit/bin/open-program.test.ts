import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { openProgram } from "../../../bin/lib/open-program.ts";

test("parts that are read after an upgrade are those of the program that was started", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "virtform-program-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "program.cjs");
  writeFileSync(file, "first second");
  const program = openProgram(pathToFileURL(file));
  assert.equal(program.text(0, 5), "first");
  assert.deepEqual([program.size, program.mtimeMs], [12, statSync(file).mtimeMs]);
  writeFileSync(`${file}.new`, "other, longer program");
  renameSync(`${file}.new`, file);
  assert.equal(program.text(6, 6), "second");
  assert.throws(() => program.text(6, 7), /program\.cjs is shorter than the program that was built/);
});
