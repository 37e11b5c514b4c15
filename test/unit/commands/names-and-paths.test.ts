import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isPath } from "../../../src/commands/names-and-paths.ts";

test("a directory with a configuration is a path where the current directory has none, and a name where it has one", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "virtform-paths-"));
  const before = process.cwd();
  t.after(() => {
    process.chdir(before);
    rmSync(directory, { recursive: true });
  });
  process.chdir(directory);
  for (const name of ["shop", "docs"]) mkdirSync(name);
  writeFileSync("shop/site.virtform.yaml", "project: shop\n");
  assert.deepEqual(["shop", "docs", "web", "./web", "web.yaml"].map(isPath), [true, false, false, true, true]);
  writeFileSync("virtform.yaml", "project: all\n");
  assert.deepEqual(["shop", "./shop"].map(isPath), [false, true]);
});
