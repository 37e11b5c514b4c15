import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { snapshot } from "./support/snapshot.ts";
import { createWorkspace, domainNames, stopped, type Workspace } from "./support/workspace.ts";

async function baseImages({ instancesPath }: Workspace): Promise<string[]> {
  return (await readdir(`${instancesPath}/_base`)).filter((name) => /^[0-9a-f]{40}$/.test(name));
}

test("data is lost only where that was agreed to, everywhere or by address", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  await workspace.write({ [project]: stopped({ count: 3 }) });
  await workspace.mustRun(["apply", "--auto-approve"]);
  await workspace.write({ [project]: stopped({ count: 1 }) });
  const before = await snapshot(workspace.instancesPath);
  for (const [options, missing] of [
    [[], [1, 2]],
    [[`--allow-destroy=disk/${project}-1.root`], [2]],
    [["--allow-destroy=disk/elsewhere.root"], [1, 2]],
  ] as const) {
    const { code, stderr } = await workspace.run(["apply", "--auto-approve", ...options]);
    assert.equal(code, 1);
    for (const index of [1, 2] as const) {
      const asked = stderr.includes(`disk/${project}-${index}.root`);
      assert.equal(asked, (missing as readonly number[]).includes(index), `${options.join(" ")}: ${stderr}`);
    }
    assert.deepEqual(await snapshot(workspace.instancesPath), before);
  }
  const json = await workspace.run(["apply", "--auto-approve", "--json"]);
  assert.equal(json.code, 1);
  assert.equal(json.stderr, "");
  const codes = json.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .flatMap(({ type, diagnostic }) => (type === "diagnostic" && diagnostic.severity === "error" ? [diagnostic.code] : []));
  assert.deepEqual(codes, ["destroy-not-allowed"]);
  assert.equal((await domainNames(project)).length, 3);

  await workspace.mustRun(["apply", "--auto-approve", `--allow-destroy=disk/${project}-1.root`, `--allow-destroy=disk/${project}-2.root`]);
  assert.deepEqual(await domainNames(project), [`${project}-0`]);
});

test("destroy keeps the base images, destroy --images takes them, and then there is nothing left", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  await workspace.write({ [project]: stopped({ count: 2 }) });
  await workspace.mustRun(["apply", "--auto-approve"]);
  const asked = await workspace.run(["destroy"]);
  assert.equal(asked.code, 1);
  assert.match(asked.stderr.replace(/\s+/g, " "), /There is no terminal to ask for consent .* --auto-approve --allow-destroy, or save/);
  assert.equal((await workspace.run(["destroy", "--auto-approve"])).code, 1);
  assert.equal((await domainNames(project)).length, 2);

  const { stdout } = await workspace.mustRun(["destroy", "--auto-approve", "--allow-destroy"]);
  assert.match(stdout, /Plan: 0 to add, 0 to change, 6 to destroy\.[\s\S]*Destroy complete! Resources: 0 added, 0 changed, 6 destroyed\./);
  assert.deepEqual(await domainNames(project), []);
  assert.equal((await baseImages(workspace)).length, 1);
  assert.deepEqual((await readdir(workspace.instancesPath)).sort(), ["_base", "journal", "locks"]);
  assert.match((await workspace.mustRun(["destroy"])).stdout, /No changes\. There is nothing to destroy\.\n$/);

  // What can be fetched again is not lost: that --images was said is enough.
  const images = await workspace.mustRun(["destroy", "--images", "--auto-approve"]);
  assert.match(images.stdout, /no disk is backed by the base image of small; it can be fetched again from/);
  assert.deepEqual(await baseImages(workspace), []);
});

test("destroy --target removes one instance", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  await workspace.write({ [project]: stopped({ count: 2 }) });
  await workspace.mustRun(["apply", "--auto-approve"]);
  await workspace.mustRun(["destroy", "--auto-approve", "--allow-destroy", "--target", `${project}-1`]);
  assert.deepEqual(await domainNames(project), [`${project}-0`]);
});

test("what is protected is not destroyed, and says how it could be", async (t) => {
  const workspace = await createWorkspace(t);
  const { project } = workspace;
  await workspace.write({ [project]: stopped({ prevent_destroy: true }) });
  await workspace.mustRun(["apply", "--auto-approve"]);
  const { code, stderr } = await workspace.run(["destroy", "--auto-approve", "--allow-destroy"]);
  assert.equal(code, 1);
  assert.match(stderr, /prevent_destroy: false/);
  assert.deepEqual(await domainNames(project), [project]);
});
