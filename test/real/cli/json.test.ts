import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { planDocumentSchema } from "../../../src/report/plan-document-schema.ts";
import { closedSchema } from "../../support/closed-schema.ts";
import { type ResourceChange, readPlan } from "./support/plan-json.ts";
import { createWorkspace, makeImage, stopped, virsh } from "./support/workspace.ts";

/** What readers of Terraform's plans rely on: the actions and whether there is a before and an after. */
function assertReadable({ address, mode, type, name, change }: ResourceChange): void {
  assert.equal(mode, "managed", address);
  assert.equal(address, `${type}/${name}`);
  const known: Readonly<Record<string, readonly [before: boolean, after: boolean]>> = {
    "no-op": [true, true],
    create: [false, true],
    update: [true, true],
    "delete,create": [true, true],
    delete: [true, false],
  };
  const sides = known[change.actions.join(",")];
  assert.ok(sides !== undefined, `${address}: ${change.actions}`);
  // An image is there as its base, which has an address of its own: where nothing is to be done about it, it is only named.
  const named = type === "image" && change.actions[0] === "no-op";
  assert.deepEqual([change.before !== null, change.after !== null], named ? [false, false] : sides, address);
  if (change.actions[0] === "no-op") assert.deepEqual(change.before, change.after, address);
  assert.equal(Array.isArray(change.replace_paths), change.actions.length === 2, address);
  for (const key of ["after_unknown", "before_sensitive", "after_sensitive"] as const) assert.ok(key in change, `${address}: ${key}`);
}

/** Counts as tools that summarise plans do. */
function countsOf(changes: readonly ResourceChange[]) {
  const having = (action: string) => changes.filter(({ change }) => change.actions.includes(action)).length;
  return { add: having("create"), change: having("update"), destroy: having("delete") };
}

test("exit code, text and JSON agree, whatever the state, and Terraform's readers can read it", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  const flavors = { tiny: { vcpus: 1, ram: "64MiB", disk: "128MiB" }, more: { vcpus: 2, ram: "96MiB", disk: "256MiB" } };
  await makeImage(`${workspace.directory}/other.qcow2`);
  const images = { small: { source: "./small.qcow2", disk_format: "qcow2" }, other: { source: "./other.qcow2", disk_format: "qcow2" } };
  const write = (instances: Record<string, unknown>) => workspace.write(instances, { flavors, images });
  const apply = () => workspace.mustRun(["apply", "--auto-approve", "--allow-destroy"]);

  const states: Readonly<Record<string, () => Promise<unknown>>> = {
    "nothing there": () => write({ [project]: stopped({ count: 2 }) }),
    applied: apply,
    "larger, one more": () => write({ [project]: stopped({ count: 3, flavor: "more", metadata: { role: "web" } }) }),
    "one less": () => write({ [project]: stopped({ count: 1 }) }),
    "another image": () => write({ [project]: stopped({ count: 2, image: "other" }) }),
    "applied again": apply,
    drifted: () => virsh("setmem", `${project}-0`, "32M", "--config"),
    "drifted and edited": () => write({ [project]: stopped({ count: 2, image: "other", flavor: "more" }) }),
    "a domain gone": () => virsh("undefine", `${project}-1`),
    "none wanted": () => write({}),
    invalid: () => write({ [project]: stopped({ flavor: "huge" }) }),
  };
  const seen = new Set<string>();
  const followsSchema = new Ajv2020({ allowUnionTypes: true }).compile(closedSchema(planDocumentSchema));
  for (const [state, reach] of Object.entries(states)) {
    await reach();
    const text = await workspace.run(["plan", "--detailed-exitcode"]);
    const json = await workspace.run(["plan", "--detailed-exitcode", "--json"]);
    const drift = await workspace.run(["drift", "--json"]);
    const plan = readPlan(json);
    assert.match(plan.format_version, /^1\./, state);
    for (const { stdout } of [json, drift])
      assert.ok(followsSchema(JSON.parse(stdout)), `${state}: ${JSON.stringify(followsSchema.errors)}`);
    for (const change of [...plan.resource_changes, ...plan.resource_drift]) assertReadable(change);
    for (const { change } of plan.resource_changes) seen.add(change.actions.join(","));
    const addresses = plan.resource_changes.map(({ address }) => address);
    assert.deepEqual(addresses, [...new Set(addresses)].sort(), state);

    assert.equal(json.code, text.code, state);
    assert.equal(drift.code, text.code, state);
    const counts = countsOf(plan.resource_changes);
    const changed = counts.add + counts.change + counts.destroy > 0;
    assert.equal(text.code, plan.errored ? 1 : changed ? 2 : 0, state);
    assert.equal(plan.applyable, text.code === 2, state);
    const last = text.stdout.trimEnd().split("\n").at(-1);
    if (text.code === 0) assert.equal(last, "No changes. The host matches the configuration.", state);
    if (text.code === 2) assert.equal(last, `Plan: ${counts.add} to add, ${counts.change} to change, ${counts.destroy} to destroy.`, state);
    if (text.code === 1)
      assert.ok(
        plan.diagnostics.some(({ severity }) => severity === "error"),
        state,
      );
    const headers = [...text.stdout.matchAll(/^(?:\+|~|-\/\+|-) (\S+) will be /gm)].map(([, address]) => address);
    const changedAddresses = plan.resource_changes.filter(({ change }) => change.actions[0] !== "no-op").map(({ address }) => address);
    assert.deepEqual(headers.sort(), changedAddresses, state);
    assert.deepEqual(readPlan(drift).resource_drift, plan.resource_drift, state);
    for (const { change } of plan.resource_changes)
      for (const what of change.virtform?.destroys ?? []) assert.ok(text.stdout.includes(`Destroys: ${what}`), what);
  }
  assert.deepEqual([...seen].sort(), ["create", "delete", "delete,create", "no-op", "update"]);
});

test("apply --json: one event a line, beginning with the version, ending with what it came to", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  await workspace.write({ [project]: stopped() });
  const { stdout, stderr } = await workspace.mustRun(["apply", "--auto-approve", "--json"]);
  assert.equal(stderr, "");
  const events = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  for (const event of events)
    for (const key of ["@level", "@message", "@module", "@timestamp", "type"]) assert.equal(typeof event[key], "string", key);
  const types = events.map(({ type }) => type);
  assert.equal(types[0], "version");
  assert.equal(types.filter((type) => type === "planned_change").length, 4);
  const summaries = events.filter(({ type }) => type === "change_summary").map(({ changes }) => changes);
  assert.deepEqual(summaries, [
    { add: 4, change: 0, import: 0, remove: 0, operation: "plan" },
    { add: 4, change: 0, import: 0, remove: 0, operation: "apply" },
  ]);
  const hooks = (wanted: string) =>
    events
      .filter(({ type }) => type === wanted)
      .map(({ hook }) => hook.id ?? hook.resource.addr)
      .sort();
  assert.deepEqual(hooks("apply_complete"), hooks("apply_start"));
  assert.ok(hooks("apply_start").length >= 4);
});
