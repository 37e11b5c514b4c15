import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import type { DiskSpec } from "../../../src/drivers/driver.ts";
import { driverOf } from "../../../src/drivers/index.ts";
import { publishRbdDrive, rbdDrives, removeRbdDrive, stageRbdDrive, sweepRbdDrives } from "../../../src/drivers/rbd/drive.ts";
import { confirmResize, makeResizeSnapshot, rollBackResize } from "../../../src/drivers/rbd/snapshot.ts";
import type { Context } from "../../../src/model/context.ts";
import { UserError } from "../../../src/model/errors.ts";
import type { Host } from "../../../src/model/host.ts";
import { type Ceph, startCeph } from "../../support/ceph.ts";
import { diskSpec } from "../../support/disk-spec.ts";
import { qemuImg, temporary } from "../kinds/image/images.ts";
import { machine } from "../kinds/image/machine.ts";
import { dyingHost } from "../support/dying-host.ts";

const rbd = driverOf("rbd");
const mebibyte = 2 ** 20;
const uuid = "6b1c2d3e-0000-4000-8000-000000000003";
const image = `vms/${uuid}_disk`;
const nothing = () => {};

let ceph: Ceph;
before(async () => {
  ceph = await startCeph(["vms"]);
});
after(() => ceph?.stop());

const images = async () => JSON.parse(await ceph.run("rbd", "ls", "vms", "--format", "json")) as string[];
const snapshots = async () => JSON.parse(await ceph.run("rbd", "snap", "ls", image, "--format", "json")) as { name: string }[];
const opened = (path: string) => `rbd:${path}:conf=${ceph.conf}`;

/** Writes over the beginning of the disk, as a guest would. */
const write = (bytes: number) => ceph.run("rbd", "bench", image, "--io-type", "write", "--io-size", "4096", "--io-total", String(bytes));

async function emptyPool(): Promise<void> {
  for (const name of await images()) {
    await ceph.run("rbd", "snap", "purge", "--no-progress", `vms/${name}`);
    await ceph.run("rbd", "rm", "--no-progress", `vms/${name}`);
  }
}

function prepare(t: TestContext) {
  t.after(emptyPool);
  const root = join(temporary(t), "instances");
  const contextOf = (wrap: (host: Host) => Host): Context => {
    const context = machine(t, { root, wrap });
    const place = { pool: "vms", user: null, conf: ceph.conf, secretUuid: null, resizeSnapshot: true };
    return { ...context, settings: { ...context.settings, drivers: { rbd: place } } };
  };
  const context = contextOf((host) => host);
  const disk: DiskSpec = diskSpec({
    instance: "web",
    uuid,
    name: "disk",
    role: "root",
    backend: "rbd",
    path: context.layout.instanceFile(uuid, "disk"),
    size: 8 * mebibyte,
    preallocate: "none",
  });
  /** Performs it again and again, killed one effect later each time, until it comes to its end; `recover` after each kill. */
  const killEverywhere = async (perform: (context: Context) => Promise<void>, recover: () => Promise<void>): Promise<number> => {
    for (let survives = 0; ; survives += 1) {
      let fate: ReturnType<typeof dyingHost> | undefined;
      const dead = contextOf((host) => {
        fate = dyingHost(host, survives);
        return fate.host;
      });
      const error = await perform(dead).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (fate?.died() !== true) {
        assert.equal(error, undefined);
        return survives;
      }
      await recover();
    }
  };
  return { context, disk, killEverywhere, state: async () => (await rbd.list(context, [disk])).get(`${uuid}/disk`) };
}

const code = (expected: string) => (error: unknown) =>
  (error instanceof UserError && error.diagnostics[0]?.code === expected) || (error as { code?: unknown }).code === expected;

test("a disk that grew goes back to what it was, killed anywhere on the way", async (t) => {
  const { context, disk, killEverywhere, state } = prepare(t);
  await rbd.create(context, disk, nothing);
  await write(mebibyte);
  const before = join(temporary(t), "before.raw");
  await ceph.run("rbd", "export", "--no-progress", image, before);

  const grow = async (there: Context) => {
    await makeResizeSnapshot(there, disk, 12 * mebibyte);
    await rbd.grow(there, disk, 12 * mebibyte, undefined);
  };
  const grows = await killEverywhere(grow, async () => {
    const now = await state();
    // Never grown without a way back.
    if (now?.size === 12 * mebibyte) assert.equal(now.resizeSnapshot?.size, 8 * mebibyte);
    else assert.equal(now?.size, 8 * mebibyte);
    await grow(context);
    assert.deepEqual((await state())?.resizeSnapshot, { size: 8 * mebibyte, rollingBack: false });
    await rollBackResize(context, disk, 8 * mebibyte);
  });
  assert.ok(grows >= 4, `only ${grows} places to be killed at were found`);

  // A later growth keeps the older snapshot.
  await makeResizeSnapshot(context, { ...disk }, 16 * mebibyte);
  await rbd.grow(context, disk, 16 * mebibyte, undefined);
  assert.equal((await state())?.resizeSnapshot?.size, 8 * mebibyte);

  const back = (there: Context) => rollBackResize(there, disk, 8 * mebibyte);
  const kills = await killEverywhere(back, async () => {
    const now = await state();
    if (now?.resizeSnapshot?.rollingBack === true) {
      // What is half rolled back is neither confirmed nor grown.
      await assert.rejects(confirmResize(context, disk), code("roll-back-unfinished"));
      await assert.rejects(makeResizeSnapshot(context, disk, 24 * mebibyte), code("roll-back-unfinished"));
    }
    await back(context);
    assert.deepEqual(await state(), { backend: "rbd", format: "raw", size: 8 * mebibyte });
    assert.match(qemuImg("compare", "-f", "raw", "-F", "raw", opened(image), before), /identical/);
    await grow(context);
    await write(2 * mebibyte);
  });
  assert.ok(kills >= 4, `only ${kills} places to be killed at were found`);
  // Twice is once.
  await back(context);
  assert.match(qemuImg("compare", "-f", "raw", "-F", "raw", opened(image), before), /identical/);
  await grow(context);
  await assert.rejects(rollBackResize(context, disk, 4 * mebibyte), code("resize-snapshot-changed"));
  assert.equal((await state())?.size, 12 * mebibyte);
});

test("a confirmed growth has no way back; what others use of the snapshot is named, and removal takes only ours", async (t) => {
  const { context, disk, state } = prepare(t);
  await rbd.create(context, disk, nothing);
  await makeResizeSnapshot(context, disk, 12 * mebibyte);
  await rbd.grow(context, disk, 12 * mebibyte, undefined);
  await ceph.run("rbd", "snap", "protect", `${image}@nova-resize`);
  await assert.rejects(confirmResize(context, disk), code("resize-snapshot-protected"));
  await assert.rejects(rbd.remove(context, disk), code("disk-has-snapshots"));
  await ceph.run("rbd", "snap", "unprotect", `${image}@nova-resize`);
  await confirmResize(context, disk);
  await confirmResize(context, disk);
  assert.deepEqual(await snapshots(), []);
  assert.deepEqual(await state(), { backend: "rbd", format: "raw", size: 12 * mebibyte });

  await makeResizeSnapshot(context, disk, 16 * mebibyte);
  await ceph.run("rbd", "snap", "create", "--no-progress", `${image}@by-hand`);
  await assert.rejects(rbd.remove(context, disk), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.diagnostics[0]?.detail ?? "", /There is \S+@by-hand\./);
    return true;
  });
  assert.deepEqual((await snapshots()).map(({ name }) => name).sort(), ["by-hand", "nova-resize"]);
  await ceph.run("rbd", "snap", "rm", "--no-progress", `${image}@by-hand`);
  await rbd.remove(context, disk);
  assert.deepEqual(await images(), []);
});

test("a config drive is whole or not there, killed anywhere, and a guest that has it open keeps it", async (t) => {
  const { context, killEverywhere } = prepare(t);
  const directory = temporary(t);
  const drive = (name: string, bytes: Buffer) => {
    const path = join(directory, name);
    writeFileSync(path, bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { uuid, pool: null, instance: "web", format: "iso9660", path, sha256 };
  };
  const [first, second] = [drive("first", Buffer.alloc(mebibyte, 1)), drive("second", Buffer.alloc(mebibyte, 2))];
  const name = `${uuid}_disk.config`;
  const put = async (there: Context, which: typeof first) => {
    await stageRbdDrive(there, which);
    await publishRbdDrive(there, { uuid, pool: null });
  };
  const assertHolds = (which: typeof first) =>
    assert.match(qemuImg("compare", "-f", "raw", "-F", "raw", opened(`vms/${name}`), which.path), /identical/);
  const kills = await killEverywhere(
    (there) => put(there, second),
    async () => {
      const there = (await rbdDrives(context, [{ uuid, pool: null }])).get(uuid);
      if (there !== undefined) assertHolds(there.sha256 === first.sha256 ? first : second);
      await sweepRbdDrives(context, new Set([uuid]));
      assert.deepEqual(await images(), there === undefined ? [] : [name]);
      await put(context, first);
      assertHolds(first);
      assert.deepEqual(await images(), [name]);
    },
  );
  assert.ok(kills >= 6, `only ${kills} places to be killed at were found`);
  assert.deepEqual((await rbdDrives(context, [{ uuid, pool: null }])).get(uuid), { size: mebibyte, sha256: second.sha256 });
  const labels = JSON.parse(await ceph.run("rbd", "image-meta", "list", `vms/${name}`, "--format", "json"));
  assert.equal(labels["virtform.project"], "shop");

  const watch = ceph.hold(`vms/${name}`);
  try {
    await watch.open;
    await put(context, first);
    const [, old] = (await images()).sort();
    assert.match(old ?? "", new RegExp(`^${name}\\.old-`));
    assert.match(qemuImg("compare", "-U", "-f", "raw", "-F", "raw", opened(`vms/${old}`), second.path), /identical/);
    await sweepRbdDrives(context, new Set());
    assert.equal((await images()).length, 2, "who has it open keeps it");
  } finally {
    await watch.close();
  }
  await sweepRbdDrives(context, new Set());
  assert.deepEqual(await images(), [name]);

  // What is there and not ours is neither replaced nor removed.
  await ceph.run("rbd", "image-meta", "set", `vms/${name}`, "virtform.project", "bank");
  await assert.rejects(stageRbdDrive(context, second), code("disk-not-ours"));
  await assert.rejects(removeRbdDrive(context, { uuid, pool: null }, false), code("disk-not-ours"));
  await ceph.run("rbd", "image-meta", "set", `vms/${name}`, "virtform.project", "shop");
  await removeRbdDrive(context, { uuid, pool: null }, false);
  await removeRbdDrive(context, { uuid, pool: null }, false);
  assert.deepEqual(await images(), []);
});
