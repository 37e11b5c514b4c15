import assert from "node:assert/strict";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { snapshot } from "./support/snapshot.ts";
import { mustRun } from "./support/virtform.ts";
import { createWorkspace, domainNames, makeImage, stopped, virsh, type Workspace } from "./support/workspace.ts";

/** The directory of the only instance. */
async function instanceDirectory({ instancesPath }: Workspace): Promise<string> {
  const names = (await readdir(instancesPath)).filter((name) => /^[0-9a-f]{8}-/.test(name));
  assert.equal(names.length, 1);
  return `${instancesPath}/${names[0]}`;
}

test("a saved plan is applied without a question, and then there is nothing to do", async (t) => {
  const workspace = await createWorkspace(t);
  await workspace.write({ [workspace.project]: stopped() });
  const { stdout, stderr } = await workspace.mustRun(["plan", "--out", "site.plan"]);
  assert.match(stdout, /Plan: 4 to add, 0 to change, 0 to destroy\.\n$/);
  assert.match(stderr, /Saved the plan to site\.plan/);
  assert.equal((await stat(`${workspace.directory}/site.plan`)).mode & 0o777, 0o600);
  // The plan holds all that is needed: the configuration may be gone.
  await rm(`${workspace.directory}/virtform.yaml`);
  const applied = await workspace.mustRun(["apply", "site.plan"]);
  assert.match(applied.stdout, /Apply complete! Resources: 4 added, 0 changed, 0 destroyed\./);
  await workspace.write({ [workspace.project]: stopped() });
  assert.equal((await workspace.run(["plan", "--detailed-exitcode"])).code, 0);
  // Once is enough: the world has moved by its own doing.
  const again = await workspace.run(["apply", "site.plan"]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, new RegExp(`The saved plan no longer fits: domain/${workspace.project} has appeared`));

  const end = await workspace.mustRun(["plan", "--destroy", "--out", "end.plan"]);
  assert.match(end.stdout, /Plan: 0 to add, 0 to change, 3 to destroy\.\n$/);
  const refused = await workspace.run(["apply", "end.plan"]);
  assert.equal(refused.code, 1, "loss of data needs consent, also of a saved plan");
  await workspace.mustRun(["apply", "end.plan", "--allow-destroy"]);
  assert.match((await workspace.mustRun(["plan", "--destroy"])).stdout, /^No changes\. There is nothing to destroy\.$/m);
});

test("a saved plan is refused, naming the object, when the world has moved since", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  await workspace.write({ [project]: stopped() });
  await workspace.mustRun(["apply", "--auto-approve"]);
  const directory = await instanceDirectory(workspace);
  const base = (await readdir(`${workspace.instancesPath}/_base`)).find((name) => /^[0-9a-f]{40}$/.test(name));

  const moves: Readonly<
    Record<string, { readonly move: () => Promise<unknown>; readonly back: () => Promise<unknown>; readonly named: string }>
  > = {
    "domain changed": {
      move: () => virsh("setmem", project, "32M", "--config"),
      back: () => virsh("setmem", project, "64M", "--config"),
      named: `domain/${project} has changed`,
    },
    "domain removed": {
      move: () => virsh("undefine", project),
      back: () => virsh("define", `${directory}/libvirt.xml`),
      named: `domain/${project} is gone`,
    },
    "disk grown": {
      move: () => mustRun("qemu-img", ["resize", "-q", "-f", "qcow2", `${directory}/disk`, "256M"]),
      back: () => mustRun("qemu-img", ["resize", "-q", "--shrink", "-f", "qcow2", `${directory}/disk`, "128M"]),
      named: `disk/${project}.root has changed`,
    },
    "base removed": {
      move: () => rm(`${workspace.instancesPath}/_base/${base}`),
      back: async () => undefined,
      named: `base/${base} is gone`,
    },
  };
  await workspace.write({ [project]: stopped({ metadata: { role: "web" } }), [`${project}-b`]: stopped() });
  await workspace.mustRun(["plan", "--out", "site.plan"]);
  for (const [what, { move, back, named }] of Object.entries(moves)) {
    await move();
    const before = await snapshot(workspace.instancesPath);
    const { code, stdout, stderr } = await workspace.run(["apply", "site.plan"]);
    assert.equal(code, 1, what);
    assert.ok(stderr.includes(`The saved plan no longer fits: ${named}`), `${what}: ${stderr}`);
    assert.match(stdout, /Plan has \d+ errors?; fix/, what);
    assert.deepEqual(await snapshot(workspace.instancesPath), before, `${what}: something was written`);
    assert.ok(!(await domainNames(project)).includes(`${project}-b`), what);
    const json = await workspace.run(["apply", "site.plan", "--json"]);
    const events = json.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.ok(
      events.some(({ type, diagnostic }) => type === "diagnostic" && diagnostic.code === "stale-plan"),
      what,
    );
    assert.ok(!events.some(({ type }) => type === "apply_start"), what);
    await back();
  }
});

test("a saved plan that is not as it was written is refused before anything is looked at", async (t) => {
  const workspace = await createWorkspace(t);
  await workspace.write({ [workspace.project]: stopped() });
  await workspace.mustRun(["plan", "--out", "site.plan"]);
  const path = `${workspace.directory}/site.plan`;
  const whole = await readFile(path, "utf8");
  const damages: Readonly<Record<string, readonly [text: string, message: RegExp]>> = {
    "cut short": [whole.slice(0, whole.length / 2), /site\.plan is damaged/],
    "without its plan": [whole.slice(0, whole.indexOf("\n") + 1), /site\.plan is damaged/],
    "cut in its first line": [whole.slice(0, 40), /site\.plan is damaged/],
    edited: [
      whole
        .replace('"type":"disk.create"', '"type":"disk.remove"')
        .replaceAll("64MiB", "65MiB")
        .replace(/"size":\d+/, '"size":1'),
      /site\.plan is damaged/,
    ],
    "of another version": [
      whole.replace(/"virtform_version":"[^"]+"/, '"virtform_version":"0.0.1"'),
      /is of another version of virtform[\s\S]*virtform 0\.0\.1 wrote it/,
    ],
  };
  for (const [what, [text, message]] of Object.entries(damages)) {
    assert.notEqual(text, whole, what);
    await writeFile(path, text);
    const { code, stdout, stderr } = await workspace.run(["apply", "site.plan"]);
    assert.equal(code, 1, what);
    assert.match(stderr, message, what);
    assert.doesNotMatch(stderr, /bug in virtform/, what);
    assert.equal(stdout, "", what);
  }
  assert.deepEqual(await readdir(workspace.instancesPath), []);
});

test("a saved plan stands alone, and never takes the place of another file", async (t) => {
  const workspace = await createWorkspace(t);
  await workspace.write({ [workspace.project]: stopped() });
  await workspace.mustRun(["plan", "--out", "site.plan"]);
  await workspace.mustRun(["plan", "--out", "site.plan"]);
  const beside = await workspace.run(["apply", ".", "site.plan"]);
  assert.equal(beside.code, 1);
  assert.match(beside.stderr, /site\.plan is a saved plan/);
  const targeted = await workspace.run(["apply", "site.plan", "--target", workspace.project]);
  assert.equal(targeted.code, 1);
  assert.match(targeted.stderr, /Give --target when making it/);
  const config = await readFile(`${workspace.directory}/virtform.yaml`, "utf8");
  const over = await workspace.run(["plan", "--out", "virtform.yaml"]);
  assert.equal(over.code, 1);
  assert.match(over.stderr, /Refusing to overwrite virtform\.yaml/);
  assert.equal(await readFile(`${workspace.directory}/virtform.yaml`, "utf8"), config);
  const device = await workspace.run(["plan", "--out", "/dev/null"]);
  assert.equal(device.code, 1);
  assert.match(device.stderr, /Refusing to overwrite \/dev\/null/);
  const nowhere = await workspace.run(["plan", "--out", "nowhere/site.plan"]);
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /Cannot write the plan to nowhere\/site\.plan/);
  assert.deepEqual((await readdir(workspace.directory)).sort(), ["site.plan", "small.qcow2", "virtform.yaml"]);
});

test("a saved plan that loses data needs consent all the same", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  await workspace.write({ [project]: stopped() });
  await workspace.mustRun(["apply", "--auto-approve"]);
  await workspace.write({});
  await workspace.mustRun(["plan", "--out", "site.plan"]);
  const refused = await workspace.run(["apply", "site.plan"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, new RegExp(`--allow-destroy=disk/${project}\\.root`));
  assert.deepEqual(await domainNames(project), [project]);
  await workspace.mustRun(["apply", "site.plan", `--allow-destroy=disk/${project}.root`]);
  assert.deepEqual(await domainNames(project), []);
});

test("what came since does not make a plan stale when it is another project's", async (t) => {
  const [workspace, other] = [await createWorkspace(t), await createWorkspace(t)];
  await makeImage(`${other.directory}/small.qcow2`);
  await workspace.write({ [workspace.project]: stopped() });
  await other.write({ [other.project]: stopped() });
  await workspace.mustRun(["plan", "--out", "site.plan"]);
  await other.mustRun(["apply", "--auto-approve"]);
  await workspace.mustRun(["apply", "site.plan"]);
});
