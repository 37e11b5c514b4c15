import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { DiskSpec } from "../../../src/drivers/driver.ts";
import { driverOf } from "../../../src/drivers/index.ts";
import { confirmResize, makeResizeSnapshot, rollBackResize } from "../../../src/drivers/rbd/snapshot.ts";
import { forgetLabels, parseLabel } from "../../../src/kinds/directory/label.ts";
import { diffSeed, observeSeeds, seedActions } from "../../../src/kinds/instance/seed/seed.ts";
import type { SeedSpec } from "../../../src/kinds/terms/spec.ts";
import type { Context } from "../../../src/model/context.ts";
import type { Json } from "../../../src/model/json.ts";
import { type Ceph, startCeph } from "../../support/ceph.ts";
import { diskSpec } from "../../support/disk-spec.ts";
import { driveAt, fullSpec, temporaryDirectory, uuid } from "../../unit/kinds/instance/seed/fixtures.ts";
import { seedContext } from "../kinds/instance/seed/machine.ts";
import { dyingHost } from "../support/dying-host.ts";

const rbd = driverOf("rbd");
const mebibyte = 2 ** 20;

let ceph: Ceph;
before(async () => {
  ceph = await startCeph(["old", "new"]);
});
after(() => ceph?.stop());

const images = async (pool: string) => JSON.parse(await ceph.run("rbd", "ls", pool, "--format", "json")) as string[];

/** With this pool in the configuration. */
function configured(context: Context, pool: string): Context {
  const place = { pool, user: null, conf: ceph.conf, secretUuid: null, resizeSnapshot: true };
  return { ...context, settings: { ...context.settings, drivers: { rbd: place } } };
}

test("a disk is found, grown, rolled back, confirmed and removed in the pool that it was put into", async (t) => {
  const context = configured(await seedContext(t), "new");
  const diskIn = (place: string): DiskSpec =>
    diskSpec({
      instance: "web",
      uuid,
      name: "disk",
      role: "root",
      backend: "rbd",
      path: context.layout.instanceFile(uuid, "disk"),
      place,
      size: 4 * mebibyte,
      preallocate: "none",
    });
  const [old, fresh] = [diskIn("old"), diskIn("new")];
  await rbd.create(context, old, () => {});
  assert.deepEqual([await images("old"), await images("new")], [[`${uuid}_disk`], []]);
  assert.equal((await rbd.list(context, [old])).get(`${uuid}/disk`)?.size, 4 * mebibyte);
  assert.equal((await rbd.list(context, [fresh])).size, 0);
  await rbd.create(context, fresh, () => {});
  for (const go of [rollBackResize, (there: Context, disk: DiskSpec) => confirmResize(there, disk)] as const) {
    await makeResizeSnapshot(context, old, 8 * mebibyte);
    await rbd.grow(context, old, 8 * mebibyte, undefined);
    assert.equal((await rbd.list(context, [fresh])).get(`${uuid}/disk`)?.size, 4 * mebibyte);
    await go(context, old, 4 * mebibyte);
    assert.equal((await rbd.list(context, [old])).get(`${uuid}/disk`)?.resizeSnapshot, undefined);
  }
  await rbd.remove(context, old);
  assert.deepEqual([await images("old"), await images("new")], [[], [`${uuid}_disk`]]);
  await rbd.remove(context, fresh);
});

test("a config drive goes along into another pool and leaves nothing behind, killed anywhere", async (t) => {
  const root = await temporaryDirectory(t);
  const secrets = { WEB_PASSWORD: "correct horse", WEB_USER_DATA: "#!/bin/sh\n" };
  /** A new process: each remembers the labels that it wrote, because no other process writes them while it holds the lock. */
  const process = () => seedContext(t, { root, secrets });
  const drive = `${uuid}_disk.config`;
  const specIn = (pool: string): SeedSpec => fullSpec(root, { disk: driveAt(root, { backend: "rbd", place: pool }) });
  const perform = async (context: Context, type: string, args: unknown) => {
    const action = seedActions.find((known) => known.type === type);
    // Each is a process of its own, which takes the project's lock first.
    forgetLabels(context);
    await action?.run(context, JSON.parse(JSON.stringify(args)) as Json, () => {});
  };
  const planIn = async (pool: string) => {
    const context = configured(await process(), pool);
    const label = parseLabel(await context.host.files.read(context.layout.instanceFile(uuid, "virtform.json")));
    assert.ok(label);
    const have = (await observeSeeds(context, [{ uuid, instance: label.instance, label }])).states.get(uuid);
    return diffSeed("seed/web-0", specIn(pool), have, { running: false });
  };
  await perform(configured(await process(), "old"), "seed.build", { spec: specIn("old") });
  assert.deepEqual([await images("old"), await images("new")], [[drive], []]);
  assert.equal(await planIn("old"), undefined);
  const moved = await planIn("new");
  assert.equal(moved?.verb, "update");
  assert.match(moved?.reason ?? "", /^it goes into another pool;/);
  assert.deepEqual(
    moved?.fields.map(({ path, old, new: fresh }) => [path, old, fresh]),
    [["pool", "old", "new"]],
  );
  let kills = 0;
  for (let [from, to, done] = ["old", "new", false]; !done; [from, to] = [to, from]) {
    let fate: ReturnType<typeof dyingHost> | undefined;
    const dying = await seedContext(t, {
      root,
      secrets,
      wrap: (host) => {
        fate = dyingHost(host, kills * 3);
        return fate.host;
      },
    });
    const error = await perform(configured(dying, to), "seed.build", { spec: specIn(to) }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (fate?.died() === true) {
      kills += 1;
      await perform(configured(await process(), to), "seed.build", { spec: specIn(to) });
    } else {
      assert.equal(error, undefined);
      done = true;
    }
    assert.deepEqual([await images(from), await images(to)], [[], [drive]], `after ${kills} kills`);
    assert.equal(await planIn(to), undefined);
  }
  assert.ok(kills >= 4, `only ${kills} places to be killed at were found`);
  const last = (await images("new")).length > 0 ? "old" : "new";
  await perform(configured(await process(), last), "seed.remove", { uuid, instance: "web-0" });
  assert.deepEqual([await images("old"), await images("new")], [[], []]);
});
