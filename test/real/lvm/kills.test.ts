import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { until } from "../support/until.ts";
import { ended, mustRun, start, virtform, virtformEvents } from "../support/virtform.ts";
import { apply, assertConverged, type Workspace } from "../support/workspace.ts";
import { assertNoLeftovers, clear, destroy, group, lines, lvmHost, prepare, slow, volumes } from "./lvm.ts";

/** After a kill: apply converges, nothing half-made is left, and destroying leaves nothing at all. */
async function assertRecovers(workspace: Workspace, uuid: () => string, disks: readonly string[]): Promise<void> {
  await apply(workspace);
  await assertConverged(workspace);
  assert.deepEqual(
    volumes(),
    disks.map((disk) => `${uuid()}_${disk}`),
  );
  const tags = lvmHost.run("lvs", "--noheadings", "-o", "lv_tags", group);
  assert.doesNotMatch(tags, /incomplete|removing|growing/);
  assertNoLeftovers(workspace);
}

/** Runs virtform while no device that LVM makes is ever reported, so that its programs stop in the middle, and kills it there. */
async function killHalted(args: readonly string[], reached: () => boolean, alsoThere: string | undefined): Promise<void> {
  lvmHost.run("udevadm", "settle");
  lvmHost.run("udevadm", "control", "--stop-exec-queue");
  try {
    const child = start(args);
    const end = ended(child, 600_000);
    const result = await Promise.race([end, until("the middle", 300, () => (reached() ? ("reached" as const) : undefined))]);
    assert.equal(result, "reached", JSON.stringify(result));
    if (alsoThere !== undefined) lvmHost.run("pkill", "-KILL", "-x", alsoThere);
    child.kill("SIGKILL");
    assert.equal((await end).code, null, "it was killed before it was done");
  } finally {
    lvmHost.run("udevadm", "control", "--start-exec-queue");
  }
}

for (const alsoThere of [false, true]) {
  test(
    `killed in the middle of lvcreate and of lvremove${alsoThere ? ", these killed as well" : ""}, it converges when run again`,
    slow,
    async (t) => {
      t.after(clear);
      const { workspace, uuid } = await prepare(t);
      const options = ["--auto-approve", "--parallelism", "1"];
      const devices = () => lvmHost.run("dmsetup", "ls");
      await killHalted(["apply", workspace.directory, ...options], () => /_disk/.test(devices()), alsoThere ? "lvcreate" : undefined);
      await assertRecovers(workspace, uuid, ["disk", "disk.local", "disk.swap"]);
      const count = lines(devices()).length;
      assert.equal(count, 3);
      const removal = ["destroy", workspace.directory, ...options, "--allow-destroy"];
      await killHalted(removal, () => lines(devices()).length < count, alsoThere ? "lvremove" : undefined);
      await destroy(workspace);
      assert.deepEqual(volumes(), []);
    },
  );
}

test("killed between the pool of a sparse volume and the volume, it converges when run again", slow, async (t) => {
  t.after(clear);
  const { workspace, write, uuid } = await prepare(t);
  await write({ lvm: { sparse: true }, extra: false, disk: "1GiB" });
  // The same lvcreate, only that it never comes to the volume.
  const slow = "/usr/local/bin/lvcreate";
  const script = '#!/bin/sh\ncase "$*" in *"--type thin "*) exec sleep 600 ;; esac\nexec /usr/sbin/lvcreate "$@"\n';
  await writeFile(`${workspace.directory}/slow`, script);
  lvmHost.put(`${workspace.directory}/slow`, slow);
  lvmHost.run("chmod", "755", slow);
  const child = start(["apply", workspace.directory, "--auto-approve"]);
  const end = ended(child, 600_000);
  const stuck = () => lvmHost.run("ps", "-eo", "args").includes("sleep 600");
  await until("a pool without a volume", 300, () => (stuck() ? true : undefined));
  child.kill("SIGKILL");
  assert.equal((await end).code, null, "it was killed before it was done");
  lvmHost.run("rm", slow);
  await until("the end of what it ran", 120, () => (stuck() ? undefined : true));
  const [pool] = volumes();
  assert.match(pool ?? "", /_disk_pool$/);
  assert.equal(volumes().length, 1);
  await assertRecovers(workspace, uuid, ["disk", "disk_pool"]);
  await destroy(workspace);
  assert.deepEqual(volumes(), []);
});

/**
 * Runs it again and again, killed in the middle of the first action that it begins, then as soon as one is done, until it ends
 * by itself. Gives the number of kills, and the actions that were done.
 */
async function killEverywhere(args: readonly string[]): Promise<{ readonly kills: number; readonly actions: ReadonlySet<string> }> {
  const actions = new Set<string>();
  for (let kills = 0; ; kills += 1) {
    let steps = 0;
    const result = await virtformEvents([...args, "--auto-approve", "--parallelism", "1"], ({ type, hook }, kill) => {
      if (type !== "apply_start" && type !== "apply_complete") return;
      actions.add(`${hook?.action} ${hook?.resource?.addr}`);
      steps += 1;
      if (steps === 1 + (kills % 2)) kill();
    });
    if (result.code === 0) return { kills, actions };
    assert.equal(result.code, null, result.stdout + result.stderr);
    assert.ok(kills <= 3 * actions.size + 3, "it goes on from where it was killed");
  }
}

test(
  "killed at every action of an apply and of a destroy, it converges when run again; a group out of sight is not empty",
  slow,
  async (t) => {
    t.after(clear);
    const { workspace, write, uuid } = await prepare(t);
    // One that is not in the cache yet.
    const image = `${workspace.directory}/own.qcow2`;
    await mustRun("qemu-img", ["create", "-q", "-f", "qcow2", image, "16M"]);
    await write({ image, extra: false });
    const making = await killEverywhere(["apply", workspace.directory]);
    t.diagnostic(`${making.kills} kills, ${[...making.actions].join(", ")}`);
    assert.ok(making.actions.size >= 4, "image, disk, config drive, domain");
    assert.ok(making.kills >= making.actions.size, `only ${making.kills} kills`);
    await assertRecovers(workspace, uuid, ["disk"]);

    lvmHost.run("vgrename", "-q", group, "elsewhere");
    try {
      const gone = await virtform("destroy", workspace.directory, "--auto-approve", "--allow-destroy");
      assert.equal(gone.code, 1);
      assert.match(gone.stdout + gone.stderr, /does not see volume group vg0/);
    } finally {
      lvmHost.run("vgrename", "-q", "elsewhere", group);
    }
    await assertConverged(workspace);

    const removal = await killEverywhere(["destroy", workspace.directory, "--allow-destroy"]);
    t.diagnostic(`${removal.kills} kills, ${[...removal.actions].join(", ")}`);
    assert.ok(removal.actions.size >= 3, "domain, config drive, disk");
    assert.ok(removal.kills >= removal.actions.size, `only ${removal.kills} kills`);
    assert.deepEqual(volumes(), []);
    assertNoLeftovers(workspace);
  },
);

test("killed in the middle of a conversion, it converges when run again", slow, async (t) => {
  t.after(clear);
  const { workspace, write, uuid } = await prepare(t);
  const image = `${workspace.directory}/large.qcow2`;
  await mustRun("dd", ["if=/dev/urandom", `of=${image}.raw`, "bs=1M", "count=16", "status=none"]);
  await mustRun("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", `${image}.raw`, image]);
  await write({ image, disk: "20MiB", extra: false });
  // The same qemu-img, only slow where it writes to a volume.
  const slow = "/usr/local/bin/qemu-img";
  const script = `#!/bin/sh\ncase $* in convert*/dev/${group}/*) shift; exec /usr/bin/qemu-img convert -r 256K "$@" ;; esac\nexec /usr/bin/qemu-img "$@"\n`;
  await writeFile(`${workspace.directory}/slow`, script);
  lvmHost.put(`${workspace.directory}/slow`, slow);
  lvmHost.run("chmod", "755", slow);
  const child = start(["apply", workspace.directory, "--auto-approve"]);
  const end = ended(child, 600_000);
  const converts = () => lvmHost.run("ps", "-eo", "args").includes(`/dev/${group}/`);
  await until("a conversion", 300, () => (converts() ? true : undefined));
  child.kill("SIGKILL");
  assert.equal((await end).code, null, "it was killed before it was done");
  lvmHost.run("rm", slow);
  assert.match(lvmHost.run("lvs", "--noheadings", "-o", "lv_tags", group), /virtform\.incomplete/);
  await assertRecovers(workspace, uuid, ["disk"]);
  await mustRun("truncate", ["-s", "20M", `${image}.raw`]);
  lvmHost.put(`${image}.raw`, "/root/expected.raw");
  lvmHost.run("qemu-img", "compare", "-f", "raw", "-F", "raw", `/dev/${group}/${uuid()}_disk`, "/root/expected.raw");
  await destroy(workspace);
  assert.deepEqual(volumes(), []);
});
