import assert from "node:assert/strict";
import { copyFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { countingDisk } from "../support/speaking-disk.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { mustRun } from "./support/virtform.ts";
import { createWorkspace, virsh, waitForConsole, writeConfig } from "./support/workspace.ts";

const gibibyte = 2 ** 30;

test("Nova QCOW-06: a guest on a grown copy of its image, as an older Nova left it, stays as it is, and boots after the copy was lost", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-legacy`;
  const source = `${workspace.directory}/counting.raw`;
  await writeFile(source, countingDisk("this is the guest"));
  const write = (power: string) =>
    writeConfig(workspace, {
      images: { tiny: { source, disk_format: "raw" } },
      flavors: { small: { vcpus: 1, ram: "64MiB", disk: "1GiB" } },
      instances: { [name]: { image: "tiny", flavor: "small", power_state: power } },
    });
  await write("stopped");
  await apply(workspace);
  const uuid = (await virsh("domuuid", name)).trim();
  const disk = `${workspace.instancesPath}/${uuid}/disk`;
  const { "backing-filename": base } = JSON.parse(await mustRun("qemu-img", ["info", "--output=json", disk]));
  const copy = `${base}_1`;
  await copyFile(base, copy);
  await mustRun("qemu-img", ["resize", "-q", "-f", "raw", copy, String(gibibyte)]);
  await mustRun("qemu-img", ["rebase", "-q", "-f", "qcow2", "-u", "-F", "raw", "-b", copy, disk]);
  await assertConverged(workspace);
  const shown = await virtform("show", workspace.directory);
  assert.ok(!shown.stdout.includes(`${copy.slice(copy.lastIndexOf("/") + 1)}`), shown.stdout);

  await write("running");
  await apply(workspace);
  await waitForConsole(workspace, name, /^boots=1$/m);
  // It does not hear the power button.
  await virsh("destroy", name);
  await write("stopped");
  await apply(workspace);

  // Lost together with the base: the image is fetched, and the copy made of it.
  await rm(copy);
  await rm(base);
  await write("running");
  const plan = await virtform("plan", workspace.directory, "--detailed-exitcode");
  assert.equal(plan.code, 2, plan.stdout + plan.stderr);
  assert.match(plan.stdout, /its backing file is missing/);
  assert.match(plan.stdout, /image\/tiny will be created/);
  await apply(workspace);
  // What the guest had written is still there, above what was made again.
  await waitForConsole(workspace, name, /^boots=2$/m);
  assert.equal((await stat(copy)).size, gibibyte);
  await assertConverged(workspace);

  const gone = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy", "--images");
  assert.equal(gone.code, 0, gone.stdout + gone.stderr);
  assert.deepEqual(
    (await readdir(`${workspace.instancesPath}/_base`)).filter((file) => /^[0-9a-f]{40}/.test(file)),
    [],
  );
});
