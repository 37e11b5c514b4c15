import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { writeWhole } from "../../../src/commands/write-whole.ts";
import { runMain } from "./run-main.ts";

const files = { "virtform.yaml": "project: shop\n" };

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "virtform-reports-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("reports that can be written are written, and every other one is an error with its reason", async (t) => {
  const there = directory(t);
  mkdirSync(join(there, "taken"));
  const report = (name: string, path: string) => ["--report", `${name}=${join(there, path)}`];
  const { code, stderr } = await runMain(
    t,
    ["validate", ...report("junit", "no/such/v.xml"), ...report("sarif", "taken"), ...report("markdown", "v.md")],
    files,
  );
  assert.equal(code, 1);
  assert.deepEqual(
    [...stderr.matchAll(/^Error: Cannot write the report (.*)$/gm)].map(([, path = ""]) => path.slice(there.length + 1)),
    ["no/such/v.xml", "taken"],
  );
  assert.match(stderr.replaceAll(/\s+/g, " "), /There is no directory \S+\/no\/such.*taken is a directory: name a file in it/);
  assert.match(readFileSync(join(there, "v.md"), "utf8"), /^<!-- virtform-report/);
  assert.deepEqual(readdirSync(there).sort(), ["taken", "v.md"]);
});

test("a report does not replace what the command reads", async (t) => {
  for (const path of ["virtform.yaml", "./more.virtform.yaml", "other.yaml", "prod.vars.yaml"]) {
    const given = { ...files, "other.yaml": "project: shop\n", "prod.vars.yaml": "" };
    const { code, stderr } = await runMain(
      t,
      ["validate", "other.yaml", "--var-file", "prod.vars.yaml", "--report", `markdown=${path}`],
      given,
    );
    assert.equal(code, 1);
    assert.match(stderr, /^Error: --report: \S+ is a file that the command reads\n/, path);
  }
});

test("what is no regular file is written to and stays; a link leads to the file that is replaced", async (t) => {
  const there = directory(t);
  symlinkSync("/dev/null", join(there, "null"));
  await writeWhole(join(there, "null"), "text");
  assert.ok(lstatSync(join(there, "null")).isSymbolicLink());
  writeFileSync(join(there, "file"), "old");
  symlinkSync("file", join(there, "link"));
  await writeWhole(join(there, "link"), "new");
  assert.ok(lstatSync(join(there, "link")).isSymbolicLink());
  assert.equal(readFileSync(join(there, "file"), "utf8"), "new");
  symlinkSync("nowhere", join(there, "dangling"));
  await writeWhole(join(there, "dangling"), "new");
  assert.equal(readFileSync(join(there, "dangling"), "utf8"), "new");
  assert.ok(!existsSync(join(there, "nowhere")));
});
