import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";

const lib = fileURLToPath(new URL("../../../bin/lib/test/", import.meta.url));

/** Runs files with these bodies in one process; gives its exit code and the results of the files, by name. */
function together(t: TestContext, bodies: Readonly<Record<string, string>>) {
  const directory = mkdtempSync(join(tmpdir(), "virtform-together-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const paths = Object.entries(bodies).map(([name, body]) => {
    const path = join(directory, `${name}.mjs`);
    writeFileSync(path, `import { test } from "node:test";\n${body}`);
    return path;
  });
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const options = [`--import=${join(lib, "set-up-process.js")}`, `--test-reporter=${join(lib, "together-reporter.js")}`];
  const { status, stdout } = spawnSync(process.execPath, [...options, join(lib, "run-together.js"), ...paths], { encoding: "utf8", env });
  const results = stdout.split("\n").filter((line) => line.startsWith("{"));
  return {
    status,
    results: results.map((line) => JSON.parse(line)).map((one) => ({ ...one, path: one.path.slice(directory.length + 1) })),
  };
}

const counts = ({ results }: ReturnType<typeof together>) => results.map(({ path, passed, failed }) => `${path} ${passed} ${failed}`);

test("files that share a process have their own counts, times and failures", (t) => {
  const run = together(t, {
    one: 'test("a", async (t) => { await t.test("inner", () => {}); }); const late = 1; test("b", () => late);',
    two: 'test("c", () => { throw new Error("no such luck"); }); test.skip("d", () => {}); test("e", async () => {});',
    early: 'test("begins when the file is loaded", () => { if (known !== 1) throw new Error("too early"); });\nconst known = 1;',
    broken: 'import "./missing.mjs";',
    // It waits, which takes no CPU time.
    three: 'test("f", () => new Promise((resolve) => setTimeout(resolve, 100)));',
  });
  assert.equal(run.status, 1);
  assert.deepEqual(counts(run), ["one.mjs 3 0", "two.mjs 1 2", "early.mjs 1 0", "broken.mjs 0 1", "three.mjs 1 0"]);
  const [one, two, , , three] = run.results;
  assert.doesNotMatch(one.text, /failing tests|run-together/);
  assert.match(two.text, /failing tests:\n[\s\S]*✖ c [\s\S]*Error: no such luck\n +at .*two\.mjs:2/);
  assert.ok(three.seconds >= 0.1 && three.cpu < 0.1, JSON.stringify(three));
});

test("a file that leaves the environment or the directory of its process changed has failed", (t) => {
  const run = together(t, {
    one: 'process.env.LEFT_BEHIND = "1"; test("a", () => {});',
    two: 'test("b", (t) => { process.env.TAKEN_BACK = "1"; t.after(() => delete process.env.TAKEN_BACK); });',
    three: 'test("c", () => process.chdir("/"));',
  });
  assert.deepEqual(counts(run), ["one.mjs 1 1", "two.mjs 1 0", "three.mjs 1 1"]);
  assert.match(run.results[0].text, /one\.mjs leaves its process as it was[\s\S]*LEFT_BEHIND/);
});

test("an error that belongs to no test fails the file that was running", (t) => {
  const wait = "await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));";
  const thrown = `test("a", async () => { setImmediate(() => { throw new Error("too late"); }); ${wait} });`;
  const rejected = `test("a", async () => { Promise.reject(new Error("no catch")); ${wait} });`;
  const run = together(t, { one: 'test("a", () => {});', thrown, two: 'test("b", () => {});', rejected });
  assert.notEqual(run.status, 0);
  const said = counts(run);
  assert.deepEqual(said, ["one.mjs 1 0", "thrown.mjs 1 1", "two.mjs 1 0", "rejected.mjs 1 1"]);
  assert.match(run.results[1].text, /leaves no error uncaught[\s\S]*Error: too late\n +at .*thrown\.mjs:2/);
});

test("a process that ends early reports neither the file that ended it nor those after it", (t) => {
  const run = together(t, { one: 'test("a", () => {});', two: 'test("b", () => process.exit(0));', three: 'test("c", () => {});' });
  assert.deepEqual(
    counts(run).filter((line) => !line.startsWith("one")),
    [],
  );
});
