import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { DiskSpec } from "../../../src/drivers/driver.ts";
import { driverOf } from "../../../src/drivers/index.ts";
import { sweepInstances } from "../../../src/kinds/instance/sweep.ts";
import { sweepVolumes } from "../../../src/kinds/volume/sweep.ts";
import type { Context } from "../../../src/model/context.ts";
import { descriptorText } from "../../../src/tools/ploop.ts";
import { diskSpec } from "../../support/disk-spec.ts";
import { temporary } from "../kinds/image/images.ts";
import { machine } from "../kinds/image/machine.ts";
import { dyingHost } from "../support/dying-host.ts";

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

test("a descriptor is what ploop itself writes", (t) => {
  for (const bytes of [mebibyte, 67 * mebibyte, 900 * 2 ** 30]) {
    const directory = join(temporary(t), "disk");
    mkdirSync(directory);
    writeFileSync(join(directory, "root.hds"), "");
    truncateSync(join(directory, "root.hds"), bytes);
    execFileSync("ploop", ["restore-descriptor", "-f", "raw", directory, join(directory, "root.hds")], { stdio: "ignore" });
    assert.equal(descriptorText("root.hds", bytes), readFileSync(join(directory, "DiskDescriptor.xml"), "utf8"));
  }
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
  test(`what a kill leaves beside a disk of ${what} is swept away`, async (t) => {
    const root = join(temporary(t), "instances");
    const context = machine(t, { root });
    const own = layoutOf(context);
    const disk = diskIn(own);
    const directory = own.layout.instance(uuid);
    await context.host.files.makeDirectory(directory);
    await context.host.files.writeAtomic(own.layout.instanceFile(uuid, "virtform.json"), JSON.stringify({ version: 1, ...label }), 0o600);
    const there = () => readdirSync(directory);
    /** Does `work` once for each effect at which it can die, and sweeps; what it leaves before that goes to `seen`. */
    const killed = async (work: (dead: Context, survives: number) => Promise<void>, seen: Set<string>) => {
      for (let survives = 0; ; survives += 1) {
        let fate: ReturnType<typeof dyingHost> | undefined;
        const wrap = (host: Context["host"]) => {
          fate = dyingHost(host, survives);
          return fate.host;
        };
        await work(layoutOf(machine(t, { root, wrap })), survives).catch(() => undefined);
        if (fate?.died() !== true) return;
        for (const name of there()) seen.add(name);
        await sweepInstances(context);
        await sweepVolumes(context);
        assert.ok(!there().includes("disk.part"), "nothing is left beside the disk");
      }
    };
    const created = new Set<string>();
    await killed((dead) => ploop.create(dead, disk, nothing), created);
    assert.ok(created.has("disk.part"), "a kill leaves something");
    await killed((dead, survives) => ploop.grow(dead, disk, (8 + survives) * mebibyte, undefined), created);
    assert.deepEqual(there(), ["disk", "virtform.json"]);
  });
}
