import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { type PlanDocument, readPlan } from "./support/plan-json.ts";
import { createWorkspace, stopped, virsh } from "./support/workspace.ts";

const changed = ({ resource_changes: all }: PlanDocument) =>
  all.flatMap(({ address, change: { actions } }) => (actions.includes("no-op") ? [] : [address]));

test("a guest with a damaged label is left out, and the other one changes", async (t) => {
  const workspace = await createWorkspace(t);
  const { project, instancesPath } = workspace;
  const [whole, damaged] = [`${project}-a`, `${project}-b`];
  const write = (memory: string) =>
    workspace.write({ [whole]: stopped(), [damaged]: stopped() }, { flavors: { tiny: { vcpus: 1, ram: memory, disk: "128MiB" } } });
  await write("64MiB");
  await workspace.mustRun(["apply", "--auto-approve"]);
  const uuid = (await virsh("domuuid", damaged)).trim();
  const label = `${instancesPath}/${uuid}/virtform.json`;
  const good = await readFile(label, "utf8");
  await writeFile(label, good.slice(0, 40));
  const filesBefore = await readdir(`${instancesPath}/${uuid}`);
  const definition = await virsh("dumpxml", damaged);
  await write("96MiB");

  const refused = await workspace.run(["apply", "--auto-approve"]);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr.replaceAll(/\s+/g, " "),
    new RegExp(`To leave ${damaged} out and apply the rest: \`virtform apply --exclude ${damaged}\``),
  );
  assert.match(await virsh("dumpxml", whole), />65536</);

  const applied = await workspace.run(["apply", "--auto-approve", "--exclude", damaged]);
  assert.equal(applied.code, 0, applied.stderr);
  assert.match(applied.stderr, /Warning: The label of instance/);
  assert.ok(applied.stderr.replaceAll(/\s+/g, "").includes(label), applied.stderr);
  assert.match(await virsh("dumpxml", whole), />98304</);
  assert.equal(await virsh("dumpxml", damaged), definition);
  assert.deepEqual(await readdir(`${instancesPath}/${uuid}`), filesBefore);
  assert.equal(await readFile(label, "utf8"), good.slice(0, 40));

  const after = await workspace.run(["plan", "--json"]);
  const plan = readPlan(after);
  const errors = plan.diagnostics.filter(({ severity }) => severity === "error").map(({ summary }) => summary);
  assert.deepEqual([after.code, plan.complete, changed(plan)], [1, false, []]);
  assert.deepEqual(errors, [`The label of instance ${damaged} is not usable`]);
  const targeted = readPlan(await workspace.mustRun(["plan", "--json", "--target", whole]));
  assert.deepEqual([targeted.complete, targeted.errored, changed(targeted)], [true, false, []]);

  await workspace.mustRun(["start", whole, "--auto-approve"]);
  assert.equal((await virsh("domstate", whole)).trim(), "running");
  await virsh("destroy", whole);
  assert.equal((await workspace.run(["start", damaged, "--auto-approve"])).code, 1);
  assert.equal((await virsh("domstate", damaged)).trim(), "shut off");

  await writeFile(label, good);
  await workspace.mustRun(["apply", "--auto-approve"]);
  assert.equal((await workspace.run(["plan", "--detailed-exitcode"])).code, 0);
});
