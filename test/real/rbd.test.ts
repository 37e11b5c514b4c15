import assert from "node:assert/strict";
import { after, before, type TestContext, test } from "node:test";
import { type Ceph, startCeph } from "../support/ceph.ts";
import { until } from "./support/until.ts";
import { ended, mustRun, start, virtform } from "./support/virtform.ts";
import {
  apply,
  assertConverged,
  assertNoLeftovers,
  createWorkspace,
  readMarkers,
  tinyGuest,
  tinyImages,
  virsh,
  waitForConsole,
  writeConfig,
} from "./support/workspace.ts";

const MiB = 2 ** 20;

let ceph: Ceph;
before(async () => {
  ceph = await startCeph(["vms", "images"]);
});
after(() => ceph?.stop());

const images = async () => JSON.parse(await ceph.run("rbd", "ls", "vms", "--format", "json")) as string[];

/** The tiny guest's disk as Glance keeps a raw image: with a protected snapshot. */
async function publish(t: TestContext): Promise<string> {
  const { directory } = await createWorkspace(t);
  await mustRun("qemu-img", ["convert", "-O", "raw", tinyGuest.disk, `${directory}/tiny.raw`]);
  await ceph.run("rbd", "import", "--no-progress", `${directory}/tiny.raw`, "images/tiny");
  await ceph.run("rbd", "snap", "create", "--no-progress", "images/tiny@snap");
  await ceph.run("rbd", "snap", "protect", "images/tiny@snap");
  return `rbd://${ceph.fsid}/images/tiny/snap`;
}

async function prepare(t: TestContext, root: object = {}) {
  const workspace = await createWorkspace(t);
  const name = `${workspace.prefix}-one`;
  const all = tinyImages() as Record<string, object>;
  const write = (disk: string) =>
    writeConfig(workspace, {
      host: { images_type: "rbd", rbd: { pool: "vms", conf: ceph.conf } },
      images: { ...all, tiny: { ...all["tiny"], ...root } },
      flavors: { small: { vcpus: 1, ram: "192MiB", disk } },
      instances: { [name]: { image: "tiny", flavor: "small", user_data: "from Ceph" } },
    });
  await write("256MiB");
  return { workspace, name, write };
}

for (const way of ["imported", "cloned"] as const) {
  test(`a guest boots from an image in Ceph that was ${way}, grows while it runs, and goes with its image`, async (t) => {
    const { workspace, name, write } = await prepare(t, way === "cloned" ? { source: await publish(t), disk_format: "raw" } : {});
    await apply(workspace);
    await assertConverged(workspace);
    const uuid = (await virsh("domuuid", name)).trim();
    assert.deepEqual(await images(), [`${uuid}_disk`]);
    const { parent } = JSON.parse(await ceph.run("rbd", "info", `vms/${uuid}_disk`, "--format", "json"));
    assert.equal(parent?.image, way === "cloned" ? "tiny" : undefined);

    const first = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: ready$/m));
    assert.equal(first.disks["vda"], 256 * MiB);
    assert.equal(first.value("root"), "virtform tiny guest");
    assert.equal(first.userData, "from Ceph");

    await write("320MiB");
    await apply(workspace);
    await assertConverged(workspace);
    assert.equal(JSON.parse(await ceph.run("rbd", "info", `vms/${uuid}_disk`, "--format", "json")).size, 320 * MiB);

    // What the guest wrote is there when it starts again.
    await virsh("destroy", name);
    await apply(workspace);
    const second = readMarkers(await waitForConsole(workspace, name, /^virtform-guest: boots=2$[\s\S]*^virtform-guest: ready$/m));
    assert.equal(second.disks["vda"], 320 * MiB);
    await assertConverged(workspace);
    await assertNoLeftovers(workspace);

    const gone = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
    assert.equal(gone.code, 0, gone.stdout + gone.stderr);
    assert.deepEqual(await images(), []);
  });
}

test("a saved plan knows where its disks are", async (t) => {
  const { workspace } = await prepare(t);
  const file = `${workspace.directory}/plan.json`;
  const planned = await virtform("plan", workspace.directory, "--out", file);
  assert.equal(planned.code, 0, planned.stdout + planned.stderr);
  const applied = await virtform("apply", file);
  assert.equal(applied.code, 0, applied.stdout + applied.stderr);
  await assertConverged(workspace);
  const gone = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
  assert.equal(gone.code, 0, gone.stdout + gone.stderr);
});

test("killed in the middle of an import, it converges when run again, even while rbd goes on", async (t) => {
  const { directory } = await createWorkspace(t);
  const disk = `${directory}/large.raw`;
  await mustRun("dd", ["if=/dev/urandom", `of=${disk}`, "bs=1M", "count=192", "status=none"]);
  const { workspace, name } = await prepare(t, { source: disk, disk_format: "raw" });
  const child = start(["apply", workspace.directory, "--auto-approve"]);
  const end = ended(child, 120_000);
  await until("import", 60, async () => ((await images()).some((image) => image.endsWith(".part")) ? true : undefined));
  child.kill("SIGKILL");
  assert.equal((await end).code, null, "it was killed before it was done");
  await apply(workspace);
  await assertConverged(workspace);
  const uuid = (await virsh("domuuid", name)).trim();
  assert.deepEqual(await images(), [`${uuid}_disk`]);
  await virsh("destroy", name);
  await mustRun("truncate", ["-s", "256M", disk]);
  await mustRun("qemu-img", ["compare", "-f", "raw", "-F", "raw", disk, `rbd:vms/${uuid}_disk:conf=${ceph.conf}`]);
  const gone = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
  assert.equal(gone.code, 0, gone.stdout + gone.stderr);
});

test("a pool that is not there is an error of the plan; a cluster that does not answer is no empty one", async (t) => {
  const { workspace } = await prepare(t);
  const write = (rbd: object) =>
    writeConfig(workspace, { host: { images_type: "rbd", rbd }, images: tinyImages(), flavors: {}, instances: {} });
  await writeConfig(workspace, {
    host: { images_type: "rbd", rbd: { pool: "none", conf: ceph.conf } },
    images: tinyImages(),
    flavors: { small: { vcpus: 1, ram: "192MiB", disk: "256MiB" } },
    instances: { [`${workspace.prefix}-one`]: { image: "tiny", flavor: "small" } },
  });
  const missing = await virtform("plan", workspace.directory, "--detailed-exitcode");
  assert.equal(missing.code, 1);
  assert.match(missing.stdout + missing.stderr, /There is no Ceph pool none/);
  await write({ pool: "vms", conf: "/nowhere/ceph.conf" });
  const silent = await virtform("plan", workspace.directory, "--detailed-exitcode");
  assert.equal(silent.code, 1);
  assert.match(silent.stdout + silent.stderr, /Ceph does not answer/);
});
