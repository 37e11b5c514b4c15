import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { namedFiles, testFiles } from "../../../bin/lib/test/test-files.ts";

const checkout = fileURLToPath(new URL("../../../", import.meta.url));
const all = testFiles(checkout);
const needsOf = (path: string) => all.find((file) => file.path === path);

test("what a test file needs is found through what it imports", () => {
  assert.deepEqual(needsOf("test/unit/bin/schedule.test.ts"), {
    path: "test/unit/bin/schedule.test.ts",
    real: false,
    needs: [],
    sociable: true,
    alone: false,
    drivers: false,
  });
  const unsociable = [
    "test/unit/host/request.test.ts",
    "test/unit/library.test.ts",
    "test/unit/report/tui/memory.test.ts",
    "test/real/read-only.test.ts",
  ];
  assert.deepEqual(
    unsociable.filter((path) => needsOf(path)?.sociable),
    [],
    "these change or measure their process, or need root",
  );
  assert.deepEqual(needsOf("test/real/debian-guest.test.ts")?.needs, ["build", "tiny guest", "Debian guest"]);
  assert.deepEqual(needsOf("test/unit/library.test.ts")?.needs, ["build"]);
  assert.ok(needsOf("test/real/lvm/lvm.test.ts")?.needs.includes("LVM host"));
  assert.equal(needsOf("test/real/libvirtd-restart.test.ts")?.alone, true);
  const tables = ["drivers/files", "drivers/memory", "drivers/rbd", "lvm/lvm", "ssh/disks", "ssh/rbd"].map(
    (name) => `test/real/${name}.test.ts`,
  );
  assert.deepEqual(
    all.filter(({ drivers }) => drivers).map(({ path }) => path),
    tables,
  );
});

test("tests without root run no program that only the real tests install", () => {
  const runs =
    /\b(?:execFile|execFileSync|spawn|spawnSync|execute|mustRun|runProgram)\(\s*"(?!git"|mkfifo"|sh")\w|\bstart(?:Ceph|Sshd|Guest)\(/;
  for (const { path, real } of all) {
    if (!real)
      assert.doesNotMatch(
        readFileSync(join(checkout, path), "utf8"),
        runs,
        `${path} runs a program that may be missing: move it to test/real`,
      );
  }
});

test("paths name files and directories; one that names nothing is an error", () => {
  assert.deepEqual(
    namedFiles(all, ["test/unit/bin/", "test/unit/bin/schedule.test.ts"]).map(({ path }) => path),
    all.filter(({ path }) => path.startsWith("test/unit/bin/")).map(({ path }) => path),
  );
  assert.throws(() => namedFiles(all, ["test/unit/nothing.test.ts"]), /No test file at test\/unit\/nothing\.test\.ts/);
});

test("the count of a run says what passed, and counts a skipped test as one that did not", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "virtform-counted-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const counted = (body: string) => {
    writeFileSync(join(directory, "one.mjs"), `import { test } from "node:test";\n${body}`);
    const reporter = join(checkout, "bin/lib/test/count-reporter.js");
    const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
    const { stdout } = spawnSync(process.execPath, [`--test-reporter=${reporter}`, join(directory, "one.mjs")], { encoding: "utf8", env });
    return stdout.trim().split("\n").at(-1);
  };
  assert.equal(counted('test("a", () => {}); test("b", () => {});'), "2 0");
  assert.equal(counted('test("a", () => {}); test.skip("b", () => {}); test("c", () => { throw new Error("no"); });'), "1 2");
});

test("an uncaught error after a test fails the file, and its stack is printed", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "virtform-uncaught-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "one.mjs");
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const run = (body: string) => {
    writeFileSync(file, `import { test } from "node:test";\n${body}`);
    const setUp = new URL("../../../bin/lib/test/set-up-process.js", import.meta.url).href;
    return spawnSync(process.execPath, [`--import=${setUp}`, file], { encoding: "utf8", env });
  };
  assert.equal(run('test("a", async () => {});').status, 0);
  for (const late of [
    'setImmediate(() => { throw new Error("too late"); });',
    'Promise.reject(new Error("too late"));',
    'setTimeout(() => Promise.reject(new Error("too late")), 1);',
  ]) {
    const { status, stderr } = run(`test("a", async () => { ${late} await new Promise((resolve) => setTimeout(resolve, 20)); });`);
    assert.equal(status, 1, late);
    assert.match(stderr, /Error: too late\n +at .*one\.mjs:2/, late);
  }
});
