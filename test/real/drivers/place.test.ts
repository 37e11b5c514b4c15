import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { DiskSpec } from "../../../src/drivers/driver.ts";
import { driverOf } from "../../../src/drivers/index.ts";
import type { Context } from "../../../src/model/context.ts";
import { diskSpec } from "../../support/disk-spec.ts";
import { createFakeLvm } from "../../unit/drivers/fake-lvm.ts";
import { factsWith } from "../../unit/drivers/planning.ts";
import { temporary } from "../kinds/image/images.ts";
import { machine } from "../kinds/image/machine.ts";

const mebibyte = 2 ** 20;
const facts = factsWith({ lvm: { size: 2 ** 30, free: 512 * mebibyte, extentSize: 4 * mebibyte } });

function twoGroups(t: TestContext) {
  const groups = (["vg0", "vg1"] as const).map((group) => createFakeLvm(join(temporary(t), group), group, 2 ** 28, mebibyte));
  const [vg0, vg1] = groups;
  assert.ok(vg0 && vg1);
  const context: Context = machine(t, {
    wrap: (host) => ({
      ...vg0.wrap(host),
      run: (command) => (command.args.some((word) => word.includes("vg1")) ? vg1 : vg0).wrap(host).run(command),
    }),
  });
  const lvm = { volumeGroup: "vg1", sparse: false, volumeClear: "zero", volumeClearSize: 0 } as const;
  return { context: { ...context, settings: { ...context.settings, drivers: { lvm } } }, vg0, vg1 };
}

test("lvm: a disk is made, found, grown and removed in its own group, whatever the configuration says", async (t) => {
  const { context, vg0, vg1 } = twoGroups(t);
  const lvm = driverOf("lvm");
  const disk = (uuid: string, place?: string): DiskSpec =>
    diskSpec({
      instance: "web",
      uuid,
      name: "disk",
      role: "root",
      backend: "lvm",
      path: context.layout.instanceFile(uuid, "disk"),
      ...(place === undefined ? {} : { place }),
      size: 4 * mebibyte,
      preallocate: "none",
    });
  const [old, fresh, unsaid] = [
    disk("6b1c2d3e-0000-4000-8000-000000000021", "vg0"),
    disk("6b1c2d3e-0000-4000-8000-000000000022", "vg1"),
    disk("6b1c2d3e-0000-4000-8000-000000000023"),
  ];
  for (const one of [old, fresh, unsaid]) await lvm.create(context, one, () => {});
  assert.deepEqual(vg0.volumes(), [`${old.uuid}_disk`]);
  assert.deepEqual(vg1.volumes().sort(), [`${fresh.uuid}_disk`, `${unsaid.uuid}_disk`]);
  assert.deepEqual(
    [...(await lvm.list(context, [old, fresh, unsaid])).keys()].sort(),
    [old, fresh, unsaid].map(({ uuid }) => `${uuid}/disk`),
  );
  assert.equal((await lvm.list(context, [{ ...old, place: "vg1" }])).size, 0);
  await lvm.grow(context, old, 8 * mebibyte, undefined);
  assert.equal((await lvm.list(context, [old])).get(`${old.uuid}/disk`)?.size, 8 * mebibyte);
  assert.equal((lvm.attachment(old, { settings: context.settings, facts }) as { source: string }).source, `/dev/vg0/${old.uuid}_disk`);
  await lvm.remove(context, old);
  assert.deepEqual([vg0.volumes(), vg1.volumes().length], [[], 2]);
});
