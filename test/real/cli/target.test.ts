import assert from "node:assert/strict";
import { test } from "node:test";
import { readPlan } from "./support/plan-json.ts";
import { createWorkspace, domainNames, stopped } from "./support/workspace.ts";

test("--target takes a name, an address, and what they need", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  await workspace.write({ [project]: stopped({ count: 2 }) });
  const changed = async (...targets: readonly string[]) => {
    const plan = readPlan(await workspace.mustRun(["plan", "--json", ...targets.flatMap((target) => ["--target", target])]));
    return plan.resource_changes.map(({ address }) => address);
  };
  const whole = ["disk", "domain", "image", "seed"];
  assert.deepEqual(
    (await changed(`${project}-1`)).sort(),
    [`disk/${project}-1.root`, `domain/${project}-1`, "image/small", `seed/${project}-1`].sort(),
  );
  assert.deepEqual(await changed(`seed/${project}-0`), [`seed/${project}-0`]);
  assert.deepEqual(await changed(`disk/${project}-0.root`), [`disk/${project}-0.root`, "image/small"]);
  assert.deepEqual(await changed("image/small"), ["image/small"]);
  assert.equal((await changed(`seed/${project}-0`, `seed/${project}-1`)).length, 2);
  assert.equal((await changed()).length, 2 * whole.length - 1);

  const without = readPlan(await workspace.mustRun(["plan", "--json", "--exclude", `disk/${project}-0.root`]));
  const excluded = [`disk/${project}-0.root`, `domain/${project}-0`];
  assert.deepEqual([...(without.excluded ?? [])].sort(), excluded, "the guest cannot be made without its disk");
  assert.equal(without.resource_changes.length, 2 * whole.length - 1 - excluded.length);
  const index = without.resource_changes.find(({ address }) => address === `seed/${project}-1`)?.index;
  assert.equal(index, 1);

  const why = await workspace.mustRun(["plan", "--explain", `disk/${project}-0.root`]);
  assert.match(why.stdout, /\n {2}size\n {4}wanted {2}128MiB {2}\(flavors\.\S+\.disk, \S+:\d+:\d+: /);
  const unknown = await workspace.run(["plan", "--explain", `${project}-7`]);
  assert.deepEqual([unknown.code, unknown.stdout], [1, ""]);
  assert.match(unknown.stderr, /Nothing to explain/);
  assert.match((await workspace.run(["plan", "--explain", "x", "--out", "y"])).stderr, /--out has no use with --explain/);

  await workspace.mustRun(["apply", "--auto-approve", "--target", `${project}-1`]);
  assert.deepEqual(await domainNames(project), [`${project}-1`]);
  await workspace.mustRun(["apply", "--auto-approve", "--exclude", `domain/${project}-0`]);
  assert.deepEqual(await domainNames(project), [`${project}-1`]);
  assert.equal((await workspace.run(["plan", "--detailed-exitcode", "--target", `${project}-1`])).code, 0);
  assert.equal((await workspace.run(["plan", "--detailed-exitcode"])).code, 2);
});

test("an unknown target is an error that suggests, in every form", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  await workspace.write({ [project]: stopped() });
  const text = await workspace.run(["plan", "--target", `domain/${project}x`]);
  assert.equal(text.code, 1);
  assert.match(text.stderr, new RegExp(`No such target: domain/${project}x`));
  assert.match(text.stderr, new RegExp(`Did you mean\\s+"domain/${project}"\\?`));
  const json = await workspace.run(["plan", "--json", "--detailed-exitcode", "--target", "nothing-like-it"]);
  assert.equal(json.code, 1);
  const plan = readPlan(json);
  assert.deepEqual([plan.complete, plan.errored, plan.diagnostics.map(({ code }) => code)], [false, true, ["unknown-target"]]);
  const apply = await workspace.run(["apply", "--auto-approve", "--target", "nothing-like-it"]);
  assert.equal(apply.code, 1);
  assert.deepEqual(await domainNames(project), []);
});
