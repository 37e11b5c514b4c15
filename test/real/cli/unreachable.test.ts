import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { readPlan } from "./support/plan-json.ts";
import { createWorkspace, stopped, type Workspace } from "./support/workspace.ts";

const nowhere = ["test:///nonexistent/node.xml", "qemu:///system?socket=/nonexistent/libvirt-sock"] as const;

async function unreachable(t: TestContext, uri: string = nowhere[0]): Promise<Workspace> {
  const workspace = await createWorkspace(t);
  const { project, instancesPath } = workspace;
  await workspace.write({ [project]: stopped() }, { host: { uri, instances_path: instancesPath } });
  return workspace;
}

for (const uri of nowhere)
  test(`a host that cannot be reached is an error and incomplete, never empty and never 2: ${uri}`, async (t) => {
    const workspace = await unreachable(t, uri);
    for (const argv of [["plan"], ["plan", "--detailed-exitcode"], ["drift"]]) {
      const text = await workspace.run(argv);
      assert.equal(text.code, 1, argv.join(" "));
      assert.match(text.stderr, /Error: [\s\S]*nonexistent/);
      assert.match(text.stdout, /^Plan incomplete: /m);
      assert.doesNotMatch(text.stdout, /No changes|to add/);
      assert.doesNotMatch(text.stderr, /bug in virtform|at .*\.js:\d/);
      const json = await workspace.run([...argv, "--json"]);
      assert.equal(json.code, 1, argv.join(" "));
      const plan = readPlan(json);
      assert.deepEqual([plan.complete, plan.errored, plan.applyable, plan.resource_changes], [false, true, false, []]);
      assert.deepEqual(plan.diagnostics.filter(({ severity }) => severity === "error").length, 1);
      assert.match(json.stderr, /nonexistent/);
    }
    const saved = await workspace.run(["plan", "--out", "site.plan"]);
    assert.equal(saved.code, 1);
    assert.ok(!(await readdir(workspace.directory)).includes("site.plan"));
  });

test("nothing is applied, shown or listed of a host that cannot be reached", async (t) => {
  const workspace = await unreachable(t);
  for (const argv of [
    ["apply", "--auto-approve"],
    ["destroy", "--auto-approve", "--allow-destroy"],
    ["show"],
    ["list"],
    ["console", workspace.project],
  ]) {
    const { code, stdout, stderr } = await workspace.run(argv);
    assert.equal(code, 1, argv.join(" "));
    assert.equal(stdout, "", argv.join(" "));
    assert.match(stderr, /^Error: /m, argv.join(" "));
    assert.doesNotMatch(stderr, /bug in virtform/, argv.join(" "));
  }
  const list = await workspace.run(["list", "--json"]);
  assert.deepEqual(
    [list.code, JSON.parse(list.stdout).errored, JSON.parse(list.stdout).diagnostics[0].code],
    [1, true, "host-unreachable"],
  );
  const json = await workspace.run(["apply", "--auto-approve", "--json"]);
  assert.equal(json.code, 1);
  const events = json.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    events.map(({ type }) => type),
    ["version", "diagnostic"],
  );
  assert.equal(json.stderr, "");
});

test("a plan needs no program to see that a host is empty", async (t) => {
  const workspace = await createWorkspace(t);
  await workspace.write({ [workspace.project]: stopped() });
  const json = await workspace.run(["plan", "--json", "--detailed-exitcode"], { PATH: workspace.directory });
  assert.equal(json.code, 2, json.stderr);
  assert.equal(readPlan(json).complete, true);
});

test("a machine across the network that cannot be reached", async (t) => {
  const workspace = await createWorkspace(t);
  await workspace.write({}, { host: { uri: "qemu+ssh://root@kvm1.invalid/system" } });
  const { code, stderr } = await workspace.run(["plan"]);
  assert.equal(code, 1);
  assert.match(stderr, /kvm1\.invalid/);
});
