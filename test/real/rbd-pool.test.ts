import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Ceph, startCeph } from "../support/ceph.ts";
import { apply, assertConverged, virtform } from "./support/in-this-process.ts";
import { assertNoLeftovers, createWorkspace, readMarkers, tinyImages, virsh, waitForConsole, writeConfig } from "./support/workspace.ts";

let ceph: Ceph;
before(async () => {
  ceph = await startCeph(["old", "new"]);
});
after(() => ceph?.stop());

const images = async (pool: string) => (JSON.parse(await ceph.run("rbd", "ls", pool, "--format", "json")) as string[]).sort();

test("a guest whose pool is exchanged loses its disks only with consent, and leaves nothing behind; a lost disk is not recreated silently", async (t) => {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-one`;
  const configure = (pool: string) =>
    writeConfig(workspace, {
      host: { images_type: "rbd", rbd: { pool, conf: ceph.conf } },
      images: tinyImages(),
      flavors: { small: { vcpus: 1, ram: "192MiB", disk: "256MiB", ephemeral: "64MiB" } },
      instances: { [name]: { image: "tiny", flavor: "small", user_data: pool } },
    });
  const ready = async () => readMarkers(await waitForConsole(workspace, name, /^virtform-guest: ready$/m));
  await configure("old");
  await apply(workspace);
  await ready();
  const uuid = (await virsh("domuuid", name)).trim();
  const all = ["disk", "disk.config", "disk.local"].map((disk) => `${uuid}_${disk}`);
  assert.deepEqual([await images("old"), await images("new")], [all, []]);

  await configure("new");
  const planned = await virtform("plan", workspace.directory, "--detailed-exitcode");
  assert.equal(planned.code, 2, planned.stdout + planned.stderr);
  for (const disk of ["root", "local"]) {
    assert.match(planned.stdout, new RegExp(`-/\\+ disk/${name}\\.${disk} will be replaced: pool changed`));
  }
  assert.match(planned.stdout, /~ pool +old → new/);
  assert.match(
    planned.stdout,
    new RegExp(`Data that will be permanently deleted:\\n +- 256MiB disk ${name}\\.root\\n +- 64MiB disk ${name}\\.local`),
  );
  const refused = await virtform("apply", workspace.directory, "--auto-approve");
  assert.equal(refused.code, 1);
  assert.match(refused.stdout + refused.stderr, new RegExp(`disk/${name}\\.root: 256MiB disk ${name}\\.root`));
  assert.deepEqual([await images("old"), await images("new")], [all, []]);
  await apply(workspace, "--allow-destroy");
  assert.deepEqual([await images("old"), await images("new")], [[], all]);
  assert.equal((await ready()).userData, "new");
  await assertConverged(workspace);
  await assertNoLeftovers(workspace);

  await virsh("destroy", name);
  await ceph.run("rbd", "rm", "--no-progress", `new/${uuid}_disk.local`);
  const lost = await virtform("apply", workspace.directory, "--auto-approve");
  assert.equal(lost.code, 1);
  assert.match(lost.stdout, new RegExp(`disk/${name}\\.local will be replaced: disk is missing`));
  const said = (lost.stdout + lost.stderr).replace(/\s+/g, " ");
  assert.ok(said.includes(`Image ${uuid}_disk.local of pool new existed and is missing now`), said);
  assert.ok(!(await images("new")).includes(`${uuid}_disk.local`));
  await apply(workspace, "--allow-destroy");
  await assertConverged(workspace);
  assert.deepEqual(await images("new"), all);
  const gone = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
  assert.equal(gone.code, 0, gone.stdout + gone.stderr);
  assert.deepEqual([await images("old"), await images("new")], [[], []]);
});
