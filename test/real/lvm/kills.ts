import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { apply, assertConverged, virtform } from "../support/in-this-process.ts";
import { ended, killedAtStep, mustRun, start } from "../support/virtform.ts";
import type { Workspace } from "../support/workspace.ts";
import { assertNoLeftovers, clear, destroy, group, lines, lvmHost, prepare, slow, volumes } from "./lvm.ts";

/** Waits in a shell of the LVM host, where a look takes a tenth of the time of one over ssh, until a condition holds there. */
const untilThere = (seconds: number, condition: string) =>
  lvmHost.wait("timeout", String(seconds), "sh", "-c", `until ${condition}; do sleep 0.5; done`);

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
async function killHalted(args: readonly string[], reached: string, alsoThere: string | undefined): Promise<void> {
  lvmHost.run("udevadm", "settle");
  lvmHost.run("udevadm", "control", "--stop-exec-queue");
  try {
    const child = start(args);
    const end = ended(child, 900_000);
    const result = await Promise.race([end, untilThere(600, reached).then(() => "reached" as const)]);
    assert.equal(result, "reached", JSON.stringify(result));
    // The device of one volume may be gone a moment before its program ends: the program of the next volume is killed then.
    if (alsoThere !== undefined) await untilThere(120, `pkill -KILL -x ${alsoThere}`);
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
      const some = "grep -qs _disk /sys/block/dm-*/dm/name";
      await killHalted(["apply", workspace.directory, ...options], some, alsoThere ? "lvcreate" : undefined);
      await assertRecovers(workspace, uuid, ["disk", "disk.local", "disk.swap"]);
      assert.equal(lines(lvmHost.run("dmsetup", "ls")).length, 3);
      const less = "[ $(ls -d /sys/block/dm-* | wc -l) -lt 3 ]";
      const removal = ["destroy", workspace.directory, ...options, "--allow-destroy"];
      await killHalted(removal, less, alsoThere ? "lvremove" : undefined);
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
  const wrapper = "/usr/local/bin/lvcreate";
  t.after(() => lvmHost.run("rm", "-f", wrapper));
  const script = '#!/bin/sh\ncase "$*" in *"--type thin "*) echo $$ >/run/stuck; exec sleep 600 ;; esac\nexec /usr/sbin/lvcreate "$@"\n';
  await writeFile(`${workspace.directory}/wrapper`, script);
  lvmHost.put(`${workspace.directory}/wrapper`, wrapper);
  lvmHost.run("chmod", "755", wrapper);
  const child = start(["apply", workspace.directory, "--auto-approve"]);
  const end = ended(child, 900_000);
  await untilThere(600, "[ -s /run/stuck ]");
  child.kill("SIGKILL");
  assert.equal((await end).code, null, "it was killed before it was done");
  lvmHost.run("rm", wrapper);
  // The end of what it ran.
  await untilThere(120, "[ ! -e /proc/$(cat /run/stuck) ]");
  const [pool] = volumes();
  assert.match(pool ?? "", /_disk_pool$/);
  assert.equal(volumes().length, 1);
  await assertRecovers(workspace, uuid, ["disk", "disk_pool"]);
  await destroy(workspace);
  assert.deepEqual(volumes(), []);
});

// What a kill at any other action leaves is files and definitions, as with every driver: test/real/over-ssh.test.ts.
test(
  "killed at the start and at the end of making and removing a volume, it converges when run again; a group out of sight is not empty",
  slow,
  async (t) => {
    t.after(clear);
    const { workspace, write, uuid } = await prepare(t);
    // One that is not in the cache yet.
    const image = `${workspace.directory}/own.qcow2`;
    await mustRun("qemu-img", ["create", "-q", "-f", "qcow2", image, "16M"]);
    await write({ image, extra: false });
    const options = ["--auto-approve", "--parallelism", "1"];
    // The second goes on from what the first left.
    for (const step of ["apply_start disk.create", "apply_complete disk.create"])
      await killedAtStep(["apply", workspace.directory, ...options], step);
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

    for (const step of ["apply_start disk.remove", "apply_complete disk.remove"])
      await killedAtStep(["destroy", workspace.directory, ...options, "--allow-destroy"], step);
    await destroy(workspace);
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
  const wrapper = "/usr/local/bin/qemu-img";
  t.after(() => lvmHost.run("rm", "-f", wrapper));
  const script = `#!/bin/sh\ncase $* in convert*/dev/${group}/*) shift; touch /run/converts; exec /usr/bin/qemu-img convert -r 256K "$@" ;; esac\nexec /usr/bin/qemu-img "$@"\n`;
  await writeFile(`${workspace.directory}/wrapper`, script);
  lvmHost.put(`${workspace.directory}/wrapper`, wrapper);
  lvmHost.run("chmod", "755", wrapper);
  const child = start(["apply", workspace.directory, "--auto-approve"]);
  const end = ended(child, 900_000);
  await untilThere(600, "[ -e /run/converts ]");
  // It writes for a minute.
  await pause(1000);
  child.kill("SIGKILL");
  assert.equal((await end).code, null, "it was killed before it was done");
  lvmHost.run("rm", wrapper);
  assert.match(lvmHost.run("lvs", "--noheadings", "-o", "lv_tags", group), /virtform\.incomplete/);
  await assertRecovers(workspace, uuid, ["disk"]);
  await mustRun("truncate", ["-s", "20M", `${image}.raw`]);
  lvmHost.put(`${image}.raw`, "/root/expected.raw");
  lvmHost.run("qemu-img", "compare", "-f", "raw", "-F", "raw", `/dev/${group}/${uuid()}_disk`, "/root/expected.raw");
  await destroy(workspace);
  assert.deepEqual(volumes(), []);
});
