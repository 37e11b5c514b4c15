import assert from "node:assert/strict";
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { parse, stringify } from "yaml";
import { startCeph } from "../support/ceph.ts";
import { checkout, virtform } from "./support/virtform.ts";
import { apply, assertConverged, assertNoLeftovers, createWorkspace, virsh, waitForConsole } from "./support/workspace.ts";

const examples = (await readdir(`${checkout}examples`, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

// What an example takes from the environment.
process.env["EXAMPLE_PASSPHRASE"] = "only an example";

test("there are examples", () => {
  assert.ok(examples.length >= 3);
});

for (const example of examples) {
  test(`examples/${example} validates, applies, and is then what it says; destroy removes it`, async (t) => {
    const workspace = await createWorkspace(t);
    // Where it stands, it validates as it is.
    const valid = await virtform("validate", `${checkout}examples/${example}`);
    assert.equal(valid.code, 0, valid.stdout + valid.stderr);

    // To be applied it is copied and given names and a place of the test's own; paths in it stay as they are.
    const directory = `${workspace.directory}/examples/${example}`;
    await cp(`${checkout}examples/${example}`, directory, { recursive: true });
    await mkdir(`${workspace.directory}/.cache`);
    await symlink(`${checkout}.cache/guest`, `${workspace.directory}/.cache/guest`);
    const config = parse(await readFile(`${directory}/virtform.yaml`, "utf8"));
    config.project = workspace.project;
    config.host = { ...config.host, instances_path: workspace.instancesPath };
    if (config.host.rbd !== undefined) {
      const ceph = await startCeph([config.host.rbd.pool]);
      t.after(ceph.stop);
      config.host.rbd.conf = ceph.conf;
    }
    const names: string[] = [];
    config.instances = Object.fromEntries(
      Object.entries<{ readonly count?: number }>(config.instances).map(([name, instance]) => {
        const ours = `${workspace.prefix}-${name}`;
        if (instance.count === undefined) names.push(ours);
        else names.push(...Array.from({ length: instance.count }, (_, index) => `${ours}-${index}`));
        return [ours, instance];
      }),
    );
    await writeFile(`${directory}/virtform.yaml`, stringify(config));

    const copy = { ...workspace, directory };
    await apply(copy);
    await assertConverged(copy);
    for (const name of names) await waitForConsole(copy, name, /^virtform-guest: ready$/m, 120);
    await assertConverged(copy);
    await assertNoLeftovers(copy);
    const gone = await virtform("destroy", directory, "--auto-approve", "--allow-destroy", "--images");
    assert.equal(gone.code, 0, gone.stdout + gone.stderr);
    assert.doesNotMatch(await virsh("list", "--all", "--name"), new RegExp(workspace.prefix));
  });
}
