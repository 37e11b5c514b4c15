import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import type { DiskSpec } from "../../../src/drivers/driver.ts";
import { driverOf } from "../../../src/drivers/index.ts";
import { volumeName } from "../../../src/drivers/lvm/lvm.ts";
import type { LvmSettings } from "../../../src/drivers/lvm/settings.ts";
import { sparsePool } from "../../../src/drivers/lvm/sparse.ts";
import { lookUpDrivers } from "../../../src/kinds/host/driver-facts.ts";
import type { Context } from "../../../src/model/context.ts";
import { CommandError, UnreachableError, UserError } from "../../../src/model/errors.ts";
import { createVolumeArguments } from "../../../src/tools/lvm.ts";
import { parseVolumeGroup, parseVolumes } from "../../../src/tools/lvm-output.ts";
import { type DiskParts, diskSpec } from "../../support/disk-spec.ts";
import { createFakeLvm } from "../../unit/drivers/fake-lvm.ts";
import { rawDisk, temporary } from "../kinds/image/images.ts";
import { machine } from "../kinds/image/machine.ts";

const lvm = driverOf("lvm");
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
    {"lv_name":"${uuid}_disk", "lv_size":"268435456", "lv_tags":"virtform.incomplete,virtform.owner=shop", "lv_layout":"linear", "pool_lv":"", "lv_active":"active"},
    {"lv_name":"root", "lv_size":"4194304", "lv_tags":"", "lv_layout":"thin,sparse", "pool_lv":"root_pool", "lv_active":""},
    {"lv_name":"root_pool", "lv_size":"4194304", "lv_tags":"", "lv_layout":"thin,pool", "pool_lv":"", "lv_active":"active"}]}]}`;
  assert.deepEqual(parseVolumes(lvs), [
    { name: `${uuid}_disk`, size: 268435456, tags: ["virtform.incomplete", "virtform.owner=shop"], sparse: false, active: true },
    { name: "root", size: 4194304, tags: [], sparse: true, pool: "root_pool", active: false },
    { name: "root_pool", size: 4194304, tags: [], sparse: false, active: true },
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

test("a volume is made with its tags on it; a sparse one is in a pool and has a virtual size", () => {
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
  assert.deepEqual(createVolumeArguments(name, { bytes: 2 ** 30, pool: "v_pool", tags: [] }), [
    "-y",
    "--type",
    "thin",
    "--virtualsize",
    "1073741824b",
    "--thinpool",
    "v_pool",
    "-n",
    "v",
    "vg0",
  ]);
});

test("a sparse volume's pool holds the image and 64 MiB, and is not made where it would save nothing", () => {
  const extent = 4 * mebibyte;
  assert.deepEqual(sparsePool(2 ** 30, 0, extent), { data: 64 * mebibyte, records: extent });
  assert.deepEqual(sparsePool(2 ** 30, 65 * mebibyte, extent), { data: 132 * mebibyte, records: extent });
  // As lvcreate chose it for a pool of 10 GiB.
  assert.deepEqual(sparsePool(2 ** 40, 10 * 2 ** 30 - 64 * mebibyte, extent), { data: 10 * 2 ** 30, records: 12 * mebibyte });
  assert.equal(sparsePool(68 * mebibyte, 0, extent), undefined);
  assert.deepEqual(sparsePool(72 * mebibyte, 0, extent), { data: 64 * mebibyte, records: extent });
});

function prepare(t: TestContext, changes: Partial<LvmSettings> = {}, size = 256 * mebibyte) {
  const group = createFakeLvm(temporary(t), "vg0", size, 4 * mebibyte);
  const context = machine(t, { wrap: group.wrap });
  const settings: LvmSettings = { volumeGroup: "vg0", sparse: false, volumeClear: "zero", volumeClearSize: 0, ...changes };
  const there: Context = { ...context, settings: { ...context.settings, drivers: { lvm: settings } } };
  const disk = (more: Partial<DiskParts> = {}): DiskSpec =>
    diskSpec({
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

test("facts have the size, free space and extent size of the volume group, or that it is missing", async (t) => {
  const { context, disk } = prepare(t);
  await lvm.create(context, disk(), nothing);
  assert.deepEqual(await lookUpDrivers(context), {
    lvm: { size: 256 * mebibyte, free: 128 * mebibyte, extentSize: 4 * mebibyte },
  });
  const elsewhere = prepare(t, { volumeGroup: "none" });
  assert.deepEqual(await lookUpDrivers(elsewhere.context), { lvm: null });
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

test("a sparse volume has a pool of its own that the image fits into, and goes with it", async (t) => {
  const { context, group, disk, commands } = prepare(t, { sparse: true });
  await lvm.create(context, disk({ size: 1024 * mebibyte }), nothing);
  const [pool, volume] = commands();
  assert.match(
    pool ?? "",
    new RegExp(`^lvcreate -y --type thin-pool -L ${64 * mebibyte}b --addtag virtform.owner=shop .* -n ${uuid}_disk_pool vg0$`),
  );
  assert.match(
    volume ?? "",
    new RegExp(`^lvcreate -y --type thin --virtualsize ${1024 * mebibyte}b --thinpool ${uuid}_disk_pool --addtag `),
  );
  assert.equal((await lvm.list(context, [disk()])).get(`${uuid}/disk`)?.allocated, undefined);
  await lvm.create(context, disk({ name: "disk.small", size: 32 * mebibyte }), nothing);
  assert.match(commands()[3] ?? "", new RegExp(`-L ${32 * mebibyte}b --addtag`), "no larger than the disk itself");
  await lvm.remove(context, disk());
  assert.ok(!commands().some((line) => line.startsWith("shred")), "overwriting it would take the space that it was spared");
  assert.deepEqual(group.volumes(), [`${uuid}_disk.small`]);
});

test("a name that was free is tried without another look, and one that was taken since is looked at", async (t) => {
  const { context, group, disk } = prepare(t);
  const own = ["virtform.owner=shop"];
  const looks = () => group.commands.filter((line) => /^(vgs|lvs) /.test(line)).length;
  const run = (name: string, tags: string[]) => {
    const labels = tags.flatMap((tag) => ["--addtag", tag]);
    return context.host.run({ program: "lvcreate", args: ["-y", "-L", "4194304b", ...labels, "-n", name, "vg0"], timeoutMs: 1000 });
  };
  const small = (name: string) => disk({ name, size: 4 * mebibyte });
  await lvm.create(context, small("disk"), nothing);
  assert.equal(looks(), 1);
  await lvm.create(context, small("disk.eph0"), nothing);
  assert.equal(looks(), 1);
  await run(`${uuid}_disk.eph1`, own);
  await lvm.create(context, small("disk.eph1"), nothing);
  assert.deepEqual([looks(), group.tags(`${uuid}_disk.eph1`)], [2, own], "it is left as it is");
});

test("what turns out to be in the way is taken away when it is ours and half made, and refused when it is another's", async (t) => {
  const { context, group, disk, commands } = prepare(t);
  await lvm.list(context, [disk()]);
  const args = (name: string, tag: string) => [
    "-y",
    "-L",
    "4194304b",
    "--addtag",
    tag,
    "--addtag",
    "virtform.incomplete",
    "-n",
    name,
    "vg0",
  ];
  const make = (name: string, owner: string) =>
    context.host.run({ program: "lvcreate", args: args(name, `virtform.owner=${owner}`), timeoutMs: 1000 });
  await make(`${uuid}_disk`, "shop");
  await make(`${uuid}_disk.eph0`, "bank");
  await lvm.create(context, disk(), nothing);
  const done = commands().map((line) => line.split(" ")[0]);
  assert.deepEqual(done.slice(2), ["lvcreate", "lvremove", "lvcreate", "lvchange"]);
  assert.equal((await lvm.list(context, [disk()])).get(`${uuid}/disk`)?.size, 128 * mebibyte);
  await assert.rejects(lvm.create(context, disk({ name: "disk.eph0" }), nothing), { code: "disk-not-ours" });
  assert.deepEqual(group.tags(`${uuid}_disk.eph0`), ["virtform.owner=bank", "virtform.incomplete"]);
});

test("a pool without its volume is taken away, another project's is not", async (t) => {
  const { context, group, disk } = prepare(t, { sparse: true });
  const wanted = disk({ size: 1024 * mebibyte });
  const run = (...args: string[]) => context.host.run({ program: "lvcreate", args, timeoutMs: 1000 });
  const pool = ["-y", "--type", "thin-pool", "-L", `${4 * mebibyte}b`];
  await run(...pool, "--addtag", "virtform.owner=shop", "-n", `${uuid}_disk_pool`, "vg0");
  await lvm.create(context, wanted, nothing);
  assert.deepEqual(group.volumes().sort(), [`${uuid}_disk`, `${uuid}_disk_pool`]);
  await lvm.remove(context, wanted);
  await run(...pool, "--addtag", "virtform.owner=other", "-n", `${uuid}_disk_pool`, "vg0");
  await assert.rejects(lvm.create(context, wanted, nothing), { code: "disk-not-ours" });
  await assert.rejects(lvm.remove(context, wanted), { code: "disk-not-ours" });
  assert.deepEqual(group.volumes(), [`${uuid}_disk_pool`]);
});

test("a pool of an attempt that was killed goes also when its volume is to be no longer sparse", async (t) => {
  const { context, group, disk } = prepare(t);
  const args = ["-y", "--type", "thin-pool", "-L", "4194304b", "--addtag", "virtform.owner=shop", "-n", `${uuid}_disk_pool`, "vg0"];
  await context.host.run({ program: "lvcreate", args, timeoutMs: 1000 });
  assert.equal((await lvm.list(context, [disk()])).size, 0);
  await lvm.create(context, disk(), nothing);
  assert.deepEqual(group.volumes(), [`${uuid}_disk`]);
});

test("a growth that the running guest does not know yet is not finished", async (t) => {
  const { context, group, disk, commands } = prepare(t);
  await lvm.create(context, disk(), nothing);
  // No libvirt answers: the online step fails, as after a kill.
  const deaf = { ...context, settings: { ...context.settings, uri: "qemu:///system?socket=/nonexistent" } };
  await assert.rejects(lvm.grow(deaf, disk(), 160 * mebibyte, { uuid: "00000000-0000-4000-8000-000000000000" }));
  const size = async () => (await lvm.list(context, [disk()])).get(`${uuid}/disk`)?.size;
  assert.equal(await size(), 128 * mebibyte, "the size that the guest sees");
  await lvm.grow(context, disk(), 160 * mebibyte, undefined);
  assert.equal(await size(), 160 * mebibyte);
  assert.deepEqual(group.tags(`${uuid}_disk`), ["virtform.owner=shop", "virtform.instance=web"]);
  assert.equal(commands().filter((line) => line.startsWith("lvextend")).length, 1);
});

test("a disk that the running guest gets only at its next start is grown like an unused one", async (t) => {
  const { context, group, disk } = prepare(t);
  await lvm.create(context, disk(), nothing);
  await lvm.grow(context, disk(), 160 * mebibyte, { uuid: "00000000-0000-4000-8000-000000000000" });
  assert.equal((await lvm.list(context, [disk()])).get(`${uuid}/disk`)?.size, 160 * mebibyte);
  assert.deepEqual(group.tags(`${uuid}_disk`), ["virtform.owner=shop", "virtform.instance=web"]);
});

test("a volume that a program of a killed apply still has open is removed when that has ended", async (t) => {
  const { context, group, disk } = prepare(t);
  await lvm.create(context, disk(), nothing);
  let refused = 0;
  const run: Context["host"]["run"] = (command) => {
    if (command.program !== "lvremove" || refused > 0) return context.host.run(command);
    refused += 1;
    const stderr = `  Logical volume vg0/${uuid}_disk in use.`;
    throw new CommandError({ commandLine: "lvremove", exitCode: 5, stderr, reason: "exit", detail: "", summary: stderr });
  };
  await lvm.remove({ ...context, host: { ...context.host, run } }, disk());
  assert.deepEqual([refused, group.volumes()], [1, []]);
});

test("what a tag cannot hold is left out of it", async (t) => {
  const { context, group, disk } = prepare(t);
  await lvm.create(context, disk({ instance: "volume data" }), nothing);
  assert.deepEqual(group.tags(`${uuid}_disk`), ["virtform.owner=shop", "virtform.instance=volume/data"]);
});

test("a volume without a device is given one to be cleared", async (t) => {
  const { context, group, disk } = prepare(t);
  await lvm.create(context, disk(), nothing);
  group.setTags(`${uuid}_disk`, ["virtform.owner=shop", "virtform.removing"]);
  group.deactivate(`${uuid}_disk`);
  await lvm.remove(context, disk());
  assert.deepEqual(group.volumes(), []);
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
  const without = { ...context.settings, drivers: {} };
  await assert.rejects(lvm.list({ ...context, settings: without }, [disk()]), code("lvm-not-configured"));
});

test("no disk of a volume group that is not visible counts as missing", async (t) => {
  const { context, group, disk } = prepare(t);
  await lvm.create(context, disk(), nothing);
  const settings: LvmSettings = { volumeGroup: "vg1", sparse: false, volumeClear: "zero", volumeClearSize: 0 };
  const elsewhere: Context = { ...context, settings: { ...context.settings, drivers: { lvm: settings } } };
  const unseen = (error: unknown) => error instanceof UnreachableError && /does not see volume group vg1/.test(error.message);
  await assert.rejects(lvm.list(elsewhere, [disk()]), unseen);
  await assert.rejects(lvm.create(elsewhere, disk(), nothing), unseen);
  await assert.rejects(lvm.grow(elsewhere, disk(), 160 * mebibyte, undefined), unseen);
  await assert.rejects(lvm.remove(elsewhere, disk()), unseen);
  assert.deepEqual(group.volumes(), [`${uuid}_disk`]);
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
