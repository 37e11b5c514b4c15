import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import type { DiskSpec } from "../../src/disks/backend.ts";
import { backendOf } from "../../src/disks/index.ts";
import { volumeName } from "../../src/disks/lvm.ts";
import { lookUpStorage } from "../../src/kinds/host/storage-facts.ts";
import type { Context } from "../../src/model/context.ts";
import { UserError } from "../../src/model/errors.ts";
import type { LvmSettings } from "../../src/model/settings.ts";
import { createVolumeArguments } from "../../src/tools/lvm.ts";
import { parseVolumeGroup, parseVolumes } from "../../src/tools/lvm-output.ts";
import { rawDisk, temporary } from "../image/images.ts";
import { machine } from "../image/machine.ts";
import { createFakeLvm } from "./fake-lvm.ts";

const lvm = backendOf("lvm");
const mebibyte = 2 ** 20;
const uuid = "6b1c2d3e-0000-4000-8000-000000000001";
const nothing = () => {};
const code = (expected: string) => (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === expected;

test("LVM's reports are read", () => {
  const vgs = `  {
      "report": [
          {
              "vg": [
                  {"vg_size":"1069547520", "vg_free":"801112064", "vg_extent_size":"4194304"}
              ]
          }
      ]
  }`;
  assert.deepEqual(parseVolumeGroup(vgs), { size: 1069547520, free: 801112064, extentSize: 4194304 });
  const lvs = `{"report":[{"lv":[
    {"lv_name":"${uuid}_disk", "lv_size":"268435456", "lv_tags":"virtform.incomplete,virtform.owner=shop", "segtype":"linear"},
    {"lv_name":"root", "lv_size":"4194304", "lv_tags":"", "segtype":"thin"}]}]}`;
  assert.deepEqual(parseVolumes(lvs), [
    { name: `${uuid}_disk`, size: 268435456, tags: ["virtform.incomplete", "virtform.owner=shop"], type: "linear" },
    { name: "root", size: 4194304, tags: [], type: "thin" },
  ]);
  assert.deepEqual(parseVolumes(`{"report":[{"lv":[]}]}`), []);
  for (const wrong of ["", "  vg0", "{}", `{"report":[{"lv":[{"lv_name":"x","lv_size":"1.00g"}]}]}`])
    assert.throws(() => parseVolumes(wrong), /LVM/);
  assert.throws(() => parseVolumeGroup(`{"report":[{"vg":[]}]}`), /no volume group/);
});

test("volumes are named as Nova names them", () => {
  assert.equal(volumeName({ uuid, name: "disk.eph0" }), `${uuid}_disk.eph0`);
  assert.equal(volumeName({ uuid, name: "a_b" }), `${uuid}_a__b`);
});

test("a volume is made with its tags on it; a sparse one has a reserve and a virtual size", () => {
  const name = { group: "vg0", volume: "v" };
  assert.deepEqual(createVolumeArguments(name, { bytes: 4194304, tags: ["virtform.incomplete", "virtform.owner=shop"] }), [
    "-y",
    "-L",
    "4194304b",
    "--addtag",
    "virtform.incomplete",
    "--addtag",
    "virtform.owner=shop",
    "-n",
    "v",
    "vg0",
  ]);
  assert.deepEqual(createVolumeArguments(name, { bytes: 2 ** 30, reserve: 67108864, tags: [] }), [
    "-y",
    "-L",
    "67108864b",
    "--virtualsize",
    "1073741824b",
    "-n",
    "v",
    "vg0",
  ]);
});

function prepare(t: TestContext, changes: Partial<LvmSettings> = {}, size = 256 * mebibyte) {
  const group = createFakeLvm(temporary(t), "vg0", size, 4 * mebibyte);
  const context = machine(t, { wrap: group.wrap });
  const settings: LvmSettings = { volumeGroup: "vg0", sparse: false, volumeClear: "zero", volumeClearSize: 0, ...changes };
  const there: Context = { ...context, settings: { ...context.settings, lvm: settings } };
  const disk = (more: Partial<DiskSpec> = {}): DiskSpec => ({
    instance: "web",
    uuid,
    name: "disk",
    role: "root",
    backend: "lvm",
    path: there.layout.instanceFile(uuid, "disk"),
    size: 128 * mebibyte,
    preallocate: "none",
    ...more,
  });
  return { context: there, group, disk, commands: () => group.commands.filter((line) => !/^(vgs|lvs) /.test(line)) };
}

test("facts have the group's size, free space and extents, or say that there is none", async (t) => {
  const { context, disk } = prepare(t);
  await lvm.create(context, disk(), nothing);
  assert.deepEqual(await lookUpStorage(context), {
    lvm: { size: 256 * mebibyte, free: 128 * mebibyte, extentSize: 4 * mebibyte },
  });
  const elsewhere = prepare(t, { volumeGroup: "none" });
  assert.deepEqual(await lookUpStorage(elsewhere.context), { lvm: null });
});

test("the image is converted straight into the volume, with its format said, and the volume is marked until then", async (t) => {
  const { context, group, disk, commands } = prepare(t);
  await context.host.files.makeDirectory(context.layout.base);
  const path = rawDisk(context.layout.baseImage("c".repeat(40)));
  const seen: string[][] = [];
  const watching: Context = {
    ...context,
    host: {
      ...context.host,
      run: (command) => {
        if (command.program === "qemu-img") seen.push([...command.args], group.tags(`${uuid}_disk`));
        return context.host.run(command);
      },
    },
  };
  await lvm.create(watching, disk({ base: { image: "debian", entry: "c".repeat(40), path, format: "raw" } }), nothing);
  const target = `/dev/vg0/${uuid}_disk`;
  assert.deepEqual(seen[0], ["convert", "-p", "-n", "-t", "none", "-W", "-m", "8", "-f", "raw", "-O", "raw", path, target]);
  assert.ok(seen[1]?.includes("virtform.incomplete"));
  assert.deepEqual(group.tags(`${uuid}_disk`), ["virtform.owner=shop", "virtform.instance=web"]);
  assert.deepEqual(
    commands().map((line) => line.split(" ")[0]),
    ["lvcreate", "lvchange"],
  );
});

test("a sparse volume has a reserve that the image fits into", async (t) => {
  const { context, disk, commands } = prepare(t, { sparse: true });
  await lvm.create(context, disk({ size: 1024 * mebibyte }), nothing);
  assert.match(commands()[0] ?? "", new RegExp(`-L ${64 * mebibyte}b --virtualsize ${1024 * mebibyte}b`));
  await lvm.create(context, disk({ name: "disk.small", size: 32 * mebibyte }), nothing);
  assert.match(commands()[2] ?? "", new RegExp(`-L ${32 * mebibyte}b --addtag`), "no larger than the disk itself");
  await lvm.remove(context, disk());
  assert.ok(!commands().some((line) => line.startsWith("shred")), "overwriting it would take the space that it was spared");
});

for (const [how, size, expected] of [
  ["zero", 0, `shred -n0 -z -s${128 * mebibyte}`],
  ["zero", 8 * mebibyte, `shred -n0 -z -s${8 * mebibyte}`],
  ["shred", 0, `shred -n3 -s${128 * mebibyte}`],
  ["none", 0, undefined],
] as const) {
  test(`volume_clear ${how} of ${size === 0 ? "all" : size} bytes`, async (t) => {
    const { context, group, disk, commands } = prepare(t, { volumeClear: how, volumeClearSize: size });
    await lvm.create(context, disk(), nothing);
    const volume = group.path(`${uuid}_disk`);
    const content = readFileSync(volume);
    content.fill(7);
    writeFileSync(volume, content);
    await lvm.remove(context, disk());
    const own = commands().slice(2);
    const marked = `lvchange --addtag virtform.removing vg0/${uuid}_disk`;
    const cleared = expected === undefined ? [] : [`${expected} /dev/vg0/${uuid}_disk`];
    assert.deepEqual(own, [marked, ...cleared, `lvremove -f vg0/${uuid}_disk`]);
  });
}

test("no space, no group, no settings: errors for people, and nothing left", async (t) => {
  const { context, group, disk } = prepare(t, {}, 64 * mebibyte);
  await assert.rejects(lvm.create(context, disk(), nothing), code("no-space"));
  assert.deepEqual(group.volumes(), []);
  const { lvm: _none, ...without } = context.settings;
  await assert.rejects(lvm.list({ ...context, settings: without }, [disk()]), code("lvm-not-configured"));
});

test("a removal that was interrupted is gone on with, and its bytes are cleared also when the disk is wanted again", async (t) => {
  const { context, group, disk, commands } = prepare(t);
  await lvm.create(context, disk(), nothing);
  group.setTags(`${uuid}_disk`, ["virtform.owner=shop", "virtform.removing"]);
  assert.equal((await lvm.list(context, [disk()])).size, 0);
  await lvm.create(context, disk(), nothing);
  assert.deepEqual(
    commands().map((line) => line.split(" ")[0]),
    ["lvcreate", "lvchange", "shred", "lvremove", "lvcreate", "lvchange"],
  );
});
