import assert from "node:assert/strict";
import { readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { DiskSpec } from "../../../src/drivers/driver.ts";
import { driverOf } from "../../../src/drivers/index.ts";
import { sweepInstances } from "../../../src/kinds/instance/sweep.ts";
import { sweepVolumes } from "../../../src/kinds/volume/sweep.ts";
import type { Context } from "../../../src/model/context.ts";
import { diskSpec } from "../../support/disk-spec.ts";
import { temporary } from "../kinds/image/images.ts";
import { machine } from "../kinds/image/machine.ts";
import { dyingHost } from "./dying-host.ts";

const ploop = driverOf("ploop");
const mebibyte = 2 ** 20;
const uuid = "6b1c2d3e-0000-4000-8000-000000000004";
const nothing = () => {};

function diskIn(context: Context): DiskSpec {
  const path = context.layout.instanceFile(uuid, "disk");
  return diskSpec({ instance: "web", uuid, name: "disk", role: "root", backend: "ploop", path, size: 4 * mebibyte, preallocate: "none" });
}

test("an image that is longer than its descriptor tells has not grown yet", async (t) => {
  const context = machine(t);
  const disk = diskIn(context);
  await ploop.create(context, disk, nothing);
  truncateSync(join(disk.path, "root.hds"), 8 * mebibyte);
  const size = async () => (await ploop.list(context, [disk])).get(`${uuid}/disk`)?.size;
  assert.equal(await size(), 4 * mebibyte);
  await ploop.grow(context, disk, 8 * mebibyte, undefined);
  assert.equal(await size(), 8 * mebibyte);
  const descriptor = readFileSync(join(disk.path, "DiskDescriptor.xml"), "utf8");
  assert.match(descriptor, new RegExp(`<Disk_size>${(8 * mebibyte) / 512}</Disk_size>[^]*<File>root.hds</File>`));
});

/** Volumes lie elsewhere than instances. */
function volumeContext(context: Context): Context {
  const { layout } = context;
  return { ...context, layout: { ...layout, instance: layout.volume, instanceFile: layout.volumeFile } };
}

for (const [what, layoutOf, label] of [
  ["an instance", (context: Context) => context, { project: "shop", instance: "web", objects: {} }],
  [
    "a volume",
    volumeContext,
    { project: "shop", volume: "data", prevent_destroy: false, made: true, applied: { backend: "ploop", size: 0 } },
  ],
] as const) {
  test(`what a kill leaves beside a disk of ${what} that has grown is swept away`, async (t) => {
    const root = join(temporary(t), "instances");
    const context = machine(t, { root });
    const own = layoutOf(context);
    const disk = diskIn(own);
    await ploop.create(own, disk, nothing);
    await context.host.files.writeAtomic(own.layout.instanceFile(uuid, "virtform.json"), JSON.stringify({ version: 1, ...label }), 0o600);
    const there = () => readdirSync(own.layout.instance(uuid));
    let left = false;
    for (let survives = 0; ; survives += 1) {
      let fate: ReturnType<typeof dyingHost> | undefined;
      const dead = layoutOf(
        machine(t, {
          root,
          wrap: (host) => {
            fate = dyingHost(host, survives);
            return fate.host;
          },
        }),
      );
      await ploop.grow(dead, disk, (8 + survives) * mebibyte, undefined).catch(() => undefined);
      if (fate?.died() !== true) break;
      left ||= there().includes("disk.part");
      await sweepInstances(context);
      await sweepVolumes(context);
      assert.deepEqual(there(), ["disk", "virtform.json"]);
    }
    assert.ok(left, "a kill leaves something");
  });
}
