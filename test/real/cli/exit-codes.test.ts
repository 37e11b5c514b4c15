import assert from "node:assert/strict";
import { test } from "node:test";
import { readPlan } from "./support/plan-json.ts";
import { createWorkspace, domainNames, stopped, virsh } from "./support/workspace.ts";

test("--detailed-exitcode: 2 while there is something to do, 0 when not, 1 when it cannot be known; without it 0", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  await workspace.write({ [project]: stopped() });
  assert.equal((await workspace.run(["plan", "--detailed-exitcode"])).code, 2);
  assert.equal((await workspace.run(["plan"])).code, 0);
  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.equal((await workspace.run(["plan", "--detailed-exitcode"])).code, 0);
  await workspace.write({ [project]: stopped({ flavor: "huge" }) }, { flavors: { huge: { vcpus: 1, ram: "64TiB", disk: "128MiB" } } });
  const refused = await workspace.run(["plan", "--detailed-exitcode"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /Plan has 1 error; fix it before applying\.\n$/);
});

test("drift exits 0, then 2 with the cause after a change by hand, and apply corrects it", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  await workspace.write({ [project]: stopped() });
  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.equal((await workspace.run(["drift"])).code, 0);

  await virsh("setmem", project, "32M", "--config");
  const drifted = await workspace.run(["drift"]);
  assert.equal(drifted.code, 2);
  assert.match(drifted.stdout, new RegExp(`~ domain/${project} will be updated in place: .*\\(host drifted\\)`));
  assert.match(drifted.stdout, /max_memory/);
  assert.doesNotMatch(drifted.stdout, /Not managed here/);
  const found = readPlan(await workspace.run(["drift", "--json"]));
  assert.deepEqual(
    found.resource_drift.map(({ address, change }) => [address, change.virtform?.cause]),
    [[`domain/${project}`, "drift"]],
  );

  await workspace.write({ [project]: stopped({ flavor: "more" }) }, { flavors: { more: { vcpus: 2, ram: "64MiB", disk: "128MiB" } } });
  const both = readPlan(await workspace.run(["drift", "--json"]));
  const change = both.resource_changes.find(({ address }) => address === `domain/${project}`);
  assert.equal(change?.change.virtform?.cause, "both");
  const causes = Object.fromEntries(change?.change.virtform?.fields?.map(({ path, cause }) => [path, cause]) ?? []);
  assert.equal(causes["vcpus"], "config");
  assert.equal(causes["memory"], "drift");

  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.equal((await workspace.run(["drift"])).code, 0);
});

test("apply without a terminal and without --auto-approve does nothing and says what to do", async (t) => {
  const workspace = await createWorkspace(t);
  await workspace.write({ [workspace.project]: stopped() });
  const { code, stdout, stderr } = await workspace.run(["apply"]);
  assert.equal(code, 1);
  assert.match(stdout, /Plan: 4 to add/);
  assert.match(stderr, /There is no terminal to ask for consent[\s\S]*--auto-approve/);
  assert.deepEqual(await domainNames(workspace.project), []);
  const json = await workspace.run(["apply", "--json"]);
  assert.equal(json.code, 1);
  assert.equal(json.stderr, "");
  const last = JSON.parse(json.stdout.trimEnd().split("\n").at(-1) ?? "");
  assert.equal(last.diagnostic.code, "no-terminal");
});

test("apply with nothing to do is done", async (t) => {
  const workspace = await createWorkspace(t);
  await workspace.write({ [workspace.project]: stopped() });
  await workspace.mustRun(["apply", "--auto-approve"]);
  const { stdout } = await workspace.mustRun(["apply"]);
  assert.match(stdout, /No changes\. The host matches the configuration\.\n$/);
});
