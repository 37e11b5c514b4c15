import assert from "node:assert/strict";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { BaseRef, DiskSpec, Driver } from "../../../src/drivers/driver.ts";
import { driverOf } from "../../../src/drivers/index.ts";
import { liveTarget } from "../../../src/drivers/shared/online-growth.ts";
import type { Context } from "../../../src/model/context.ts";
import { RefusedError, UnreachableError, UserError } from "../../../src/model/errors.ts";
import { type DiskParts, diskSpec } from "../../support/disk-spec.ts";
import { imageOf, patch, qemuImg, rawDisk, temporary, u32be, u64be } from "../kinds/image/images.ts";
import { machine, watched } from "../kinds/image/machine.ts";
import { dyingHost } from "../support/dying-host.ts";

const uuid = "6b1c2d3e-0000-4000-8000-000000000001";
const mebibyte = 2 ** 20;
const entry = "c".repeat(40);

function baseIn(context: Context, from: string, format: "raw" | "qcow2"): BaseRef {
  const path = context.layout.baseImage(entry);
  writeFileSync(path, readFileSync(from));
  chmodSync(path, 0o444);
  return { image: "debian", entry, path, format, cloneFrom: [] };
}

async function prepared(
  t: Parameters<typeof machine>[0],
  format: "raw" | "qcow2" = "raw",
  options: string[] = [],
): Promise<{ context: Context; base: BaseRef; raw: string }> {
  const context = machine(t);
  await context.host.files.makeDirectory(context.layout.base);
  const image = imageOf(temporary(t), format, options, "image");
  return { context, base: baseIn(context, image, format), raw: `${image}.raw` };
}

function diskOf(context: Context, backend: Driver, base: BaseRef | undefined, changes: Partial<DiskParts> = {}): DiskSpec {
  const name = changes.name ?? "disk";
  return diskSpec({
    instance: "web",
    uuid,
    name,
    role: "root",
    backend: backend.name,
    path: context.layout.instanceFile(uuid, name),
    size: 4 * mebibyte,
    ...(base === undefined ? {} : { base }),
    preallocate: "none",
    ...changes,
  });
}

const nothing = () => {};
const code = (expected: string) => (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === expected;

/** What is particular to disks that are one file; `conformance.ts` has what every backend does. */
const fileBackends = [driverOf("flat"), driverOf("qcow2")];

for (const backend of fileBackends) {
  const format = backend.name === "flat" ? "raw" : "qcow2";

  for (const baseFormat of ["raw", "qcow2"] as const) {
    test(`${backend.name}: a disk on a ${baseFormat} base holds the image, has the size asked for, and making it twice changes nothing`, async (t) => {
      const { context, base, raw } = await prepared(t, baseFormat);
      utimesSync(base.path, 1, 1);
      const disk = diskOf(context, backend, base);
      await backend.create(context, disk, nothing);
      assert.match(qemuImg("compare", "-f", format, "-F", "raw", disk.path, raw), /identical/);
      const info = JSON.parse(qemuImg("info", "-f", format, "--output=json", disk.path));
      assert.equal(info["virtual-size"], 4 * mebibyte);
      assert.equal(statSync(disk.path).mode & 0o777, 0o640);
      assert.ok(statSync(base.path).mtimeMs > 1e12, "its base's time is renewed");
      assert.deepEqual(JSON.parse(readFileSync(context.layout.instanceFile(uuid, "disk.info"), "utf8")), { [disk.path]: format });
      const before = statSync(disk.path);
      await backend.create(context, disk, nothing);
      assert.deepEqual([statSync(disk.path).ino, statSync(disk.path).mtimeMs], [before.ino, before.mtimeMs]);
      assert.deepEqual(readdirSync(context.layout.instance(uuid)), ["disk", "disk.info"]);
    });
  }

  test(`${backend.name}: disks are listed whole, half-made and absent ones are not`, async (t) => {
    const { context, base } = await prepared(t);
    const [root, swap, absent] = ["disk", "disk.swap", "disk.eph0"].map((name) => diskOf(context, backend, base, { name })) as [
      DiskSpec,
      DiskSpec,
      DiskSpec,
    ];
    await backend.create(context, root, nothing);
    await backend.create(context, { ...swap, size: 2 * mebibyte }, nothing);
    writeFileSync(`${absent.path}.part`, "half");
    const found = await backend.list(context, [root, absent, swap]);
    assert.deepEqual([...found.keys()], [`${uuid}/disk`, `${uuid}/disk.swap`]);
    const state = found.get(`${uuid}/disk`);
    assert.equal(state?.backend, backend.name);
    assert.equal(state?.format, format);
    assert.equal(state?.size, 4 * mebibyte);
    assert.equal(state?.backing, backend.name === "qcow2" ? base.path : undefined);
    assert.equal(state?.allocated, statSync(root.path).blocks * 512);
  });

  test(`${backend.name}: without a size the image's is kept; a smaller size is refused and leaves no file`, async (t) => {
    const { context, base } = await prepared(t);
    const keeping = diskOf(context, backend, base, { size: null });
    await backend.create(context, keeping, nothing);
    assert.equal((await backend.list(context, [keeping])).get(`${uuid}/disk`)?.size, mebibyte);
    const small = diskOf(context, backend, base, { name: "small", size: mebibyte / 2 });
    await assert.rejects(backend.create(context, small, nothing), code("flavor-disk-smaller-than-image"));
    assert.ok(!readdirSync(context.layout.instance(uuid)).some((name) => name.startsWith("small")));
  });

  test(`${backend.name}: a disk grows, keeps its content, grows no further twice, and never shrinks`, async (t) => {
    const { context, base, raw } = await prepared(t);
    const disk = diskOf(context, backend, base);
    await backend.create(context, disk, nothing);
    await backend.grow(context, disk, 8 * mebibyte, undefined);
    assert.equal((await backend.list(context, [disk])).get(`${uuid}/disk`)?.size, 8 * mebibyte);
    assert.match(qemuImg("compare", "-f", format, "-F", "raw", disk.path, raw), /identical/);
    const before = statSync(disk.path).mtimeMs;
    await backend.grow(context, disk, 8 * mebibyte, undefined);
    assert.equal(statSync(disk.path).mtimeMs, before);
    await assert.rejects(backend.grow(context, disk, 4 * mebibyte, undefined), code("disk-would-shrink"));
    await assert.rejects(backend.grow(context, { ...disk, path: `${disk.path}-gone` }, 4 * mebibyte, undefined), code("disk-missing"));
  });

  test(`${backend.name}: removing a disk removes its entry and leftovers, also if the disk is missing`, async (t) => {
    const { context, base } = await prepared(t);
    const disk = diskOf(context, backend, base);
    await backend.create(context, disk, nothing);
    writeFileSync(`${disk.path}.part`, "half");
    await backend.remove(context, disk);
    await backend.remove(context, disk);
    assert.deepEqual(readdirSync(context.layout.instance(uuid)), ["disk.info"]);
    assert.deepEqual(JSON.parse(readFileSync(context.layout.instanceFile(uuid, "disk.info"), "utf8")), {});
    assert.ok(existsSync(base.path));
  });

  test(`${backend.name}: a base that is gone is an error for people`, async (t) => {
    const context = machine(t);
    const base: BaseRef = { image: "debian", entry, path: context.layout.baseImage(entry), format: "raw", cloneFrom: [] };
    await assert.rejects(backend.create(context, diskOf(context, backend, base), nothing), code("base-image-missing"));
  });

  test(`${backend.name}: a base that came to name another file after it was checked is refused`, async (t) => {
    const { context, base } = await prepared(t, "qcow2");
    chmodSync(base.path, 0o644);
    patch(base.path, 600, "/etc/passwd");
    patch(base.path, 8, Buffer.concat([u64be(600n), u32be(11)]));
    await assert.rejects(
      backend.create(context, diskOf(context, backend, base), nothing),
      (error) => error instanceof RefusedError && error.code === "image-has-backing-file",
    );
    chmodSync(base.path, 0o644);
    writeFileSync(base.path, "not qcow2 at all");
    await assert.rejects(
      backend.create(context, diskOf(context, backend, base), nothing),
      (error) => error instanceof RefusedError && error.code === "base-image-damaged",
    );
  });
}

for (const [backend, baseFormat] of [...fileBackends, driverOf("ploop")].flatMap((one) => [
  [one, "raw"] as const,
  [one, "qcow2"] as const,
])) {
  const format = backend.name === "qcow2" ? "qcow2" : "raw";
  const bytesOf = (path: string) => (backend.name === "ploop" ? `${path}/root.hds` : path);
  const records = backend.name === "ploop" ? [] : ["disk.info"];

  test(`${backend.name}: killed in the middle of any effect of making a disk from a ${baseFormat} image, it is whole or not there and made by the next run`, async (t) => {
    const directory = temporary(t);
    const image = imageOf(directory, baseFormat, [], "image");
    let kills = 0;
    for (let survives = 0; ; survives += 1) {
      const root = join(directory, `instances-${survives}`);
      const calm = machine(t, { root });
      await calm.host.files.makeDirectory(calm.layout.base);
      const disk = diskOf(calm, backend, baseIn(calm, image, baseFormat));
      let fate: ReturnType<typeof dyingHost> | undefined;
      const doomed = machine(t, {
        root,
        wrap: (host) => {
          fate = dyingHost(host, survives, "half");
          return fate.host;
        },
      });
      const error = await backend.create(doomed, disk, nothing).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (fate?.died() !== true) {
        assert.equal(error, undefined);
        break;
      }
      kills += 1;
      const holds = () => qemuImg("compare", "-f", format, "-F", "raw", bytesOf(disk.path), `${image}.raw`);
      if (existsSync(disk.path)) assert.match(holds(), /identical/);
      await backend.create(calm, disk, nothing);
      assert.match(holds(), /identical/);
      assert.deepEqual(readdirSync(calm.layout.instance(uuid)), ["disk", ...records]);
    }
    assert.ok(kills >= 5, `only ${kills} places to be killed at were found`);
  });
}

test("qcow2: many disks of one base and size start one qemu-img, wait for one lock and are alike", async (t) => {
  const commands: string[] = [];
  const context = machine(t, { wrap: (host) => watched(host, ({ args }) => commands.push(args[0] ?? "")) });
  await context.host.files.makeDirectory(context.layout.base);
  const base = baseIn(context, rawDisk(join(temporary(t), "raw")), "raw");
  const qcow2 = driverOf("qcow2");
  await qcow2.create(context, diskOf(context, qcow2, base, { name: "first" }), nothing);
  const more = Array.from({ length: 20 }, (_, index) => {
    const other = `6b1c2d3e-0000-4000-8000-${String(index).padStart(12, "0")}`;
    return diskOf(context, qcow2, base, { uuid: other, path: context.layout.instanceFile(other, "disk") });
  });
  await Promise.all(more.map((disk) => qcow2.create(context, disk, nothing)));
  assert.deepEqual(commands, ["create"]);
  const first = readFileSync(context.layout.instanceFile(uuid, "first"));
  assert.ok(more.every((disk) => readFileSync(disk.path).equals(first)));
  assert.equal(qemuImg("check", "-f", "qcow2", more[0]?.path ?? "").includes("No errors"), true);
  const overlay = JSON.parse(qemuImg("info", "-f", "qcow2", "--output=json", more[0]?.path ?? ""));
  assert.deepEqual([overlay["backing-filename"], overlay["backing-filename-format"]], [base.path, "raw"]);
});

test("qcow2: clusters are as large as those of a qcow2 base, and a path with a comma stays whole", async (t) => {
  const root = join(temporary(t), "a, b", "instances");
  const context = machine(t, { root });
  await context.host.files.makeDirectory(context.layout.base);
  const base = baseIn(context, imageOf(temporary(t), "qcow2", ["-o", "cluster_size=4096"]), "qcow2");
  const qcow2 = driverOf("qcow2");
  const disk = diskOf(context, qcow2, base);
  await qcow2.create(context, disk, nothing);
  const info = JSON.parse(qemuImg("info", "-f", "qcow2", "--output=json", disk.path));
  assert.deepEqual([info["cluster-size"], info["backing-filename"], info["backing-filename-format"]], [4096, base.path, "qcow2"]);
});

test("qcow2: a template that no longer fits is recreated", async (t) => {
  const { context, base } = await prepared(t);
  const qcow2 = driverOf("qcow2");
  await context.host.files.makeDirectory(context.layout.templates);
  const template = join(context.layout.templates, `${entry}_${4 * mebibyte}`);
  qemuImg("create", "-q", "-u", "-f", "qcow2", "-F", "raw", "-b", "/elsewhere", template, "4M");
  const disk = diskOf(context, qcow2, base);
  await qcow2.create(context, disk, nothing);
  assert.equal((await qcow2.list(context, [disk])).get(`${uuid}/disk`)?.backing, base.path);
});

test("qcow2: a file of another format under the disk's name is left and refused", async (t) => {
  const { context, base } = await prepared(t);
  const qcow2 = driverOf("qcow2");
  const disk = diskOf(context, qcow2, base);
  await context.host.files.makeDirectory(context.layout.instance(uuid));
  writeFileSync(disk.path, "a guest's data");
  await assert.rejects(qcow2.create(context, disk, nothing), { code: "disk-format-changed" });
  await assert.rejects(qcow2.grow(context, disk, 8 * mebibyte, undefined), { code: "disk-format-changed" });
  assert.equal(readFileSync(disk.path, "utf8"), "a guest's data");
  assert.equal((await qcow2.list(context, [disk])).get(`${uuid}/disk`)?.obstacle, "a file that is not qcow2");
});

for (const backend of fileBackends) {
  const [format, other] = backend.name === "flat" ? ["raw", "qcow2"] : ["qcow2", "raw"];

  test(`${backend.name}: a disk that was recorded as ${other} is left, refused, and reported (Nova INFO-03, INFO-04)`, async (t) => {
    const { context, base } = await prepared(t);
    const disk = diskOf(context, backend, base);
    await backend.create(context, disk, nothing);
    const record = context.layout.instanceFile(uuid, "disk.info");
    const keep = (content: string) => writeFileSync(record, content);
    keep(JSON.stringify({ [disk.path]: other }));
    const before = readFileSync(disk.path);
    await assert.rejects(backend.create(context, disk, nothing), { code: "disk-format-changed" });
    await assert.rejects(backend.grow(context, disk, 8 * mebibyte, undefined), { code: "disk-format-changed" });
    assert.ok(readFileSync(disk.path).equals(before));
    assert.deepEqual(JSON.parse(readFileSync(record, "utf8")), { [disk.path]: other }, "the record stands");
    const found = async () => (await backend.list(context, [disk])).get(`${uuid}/disk`)?.recordedFormat;
    assert.equal(await found(), other);
    keep(JSON.stringify({ [disk.path]: format }));
    assert.equal(await found(), undefined);
    // The record of a missing disk decides nothing: a removal was interrupted.
    keep(JSON.stringify({ [disk.path]: other }));
    rmSync(disk.path);
    await backend.create(context, disk, nothing);
    assert.deepEqual(JSON.parse(readFileSync(record, "utf8")), { [disk.path]: format });
  });
}

test("flat: a guest that writes a qcow2 header into its raw disk changes nothing about it", async (t) => {
  const { context, base } = await prepared(t);
  const flat = driverOf("flat");
  const disk = diskOf(context, flat, base);
  await flat.create(context, disk, nothing);
  const hostile = join(temporary(t), "hostile");
  qemuImg("create", "-q", "-u", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd", hostile, "1G");
  patch(disk.path, 0, readFileSync(hostile).subarray(0, 65536));
  assert.deepEqual((await flat.list(context, [disk])).get(`${uuid}/disk`)?.size, 4 * mebibyte);
  await flat.grow(context, disk, 8 * mebibyte, undefined);
  const [state] = (await flat.list(context, [disk])).values();
  assert.deepEqual([state?.format, state?.size, state?.backing], ["raw", 8 * mebibyte, undefined]);
});

test("flat: preallocated space is taken at once, and holes of the image stay holes otherwise", async (t) => {
  const { context, base } = await prepared(t);
  const flat = driverOf("flat");
  const [thin, thick] = [
    diskOf(context, flat, base, { name: "thin" }),
    diskOf(context, flat, base, { name: "thick", preallocate: "space" }),
  ];
  await flat.create(context, thin, nothing);
  await flat.create(context, thick, nothing);
  assert.ok(statSync(thin.path).blocks * 512 < mebibyte);
  assert.ok(statSync(thick.path).blocks * 512 >= 4 * mebibyte);
  assert.equal(statSync(thick.path).size, 4 * mebibyte);
});

test("flat: a kernel is copied byte for byte", async (t) => {
  const context = machine(t);
  await context.host.files.makeDirectory(context.layout.base);
  const kernel = join(temporary(t), "vmlinuz");
  writeFileSync(kernel, Buffer.alloc(1001, "k"));
  const flat = driverOf("flat");
  const disk = diskOf(context, flat, baseIn(context, kernel, "raw"), { name: "kernel", role: "kernel", size: null });
  await flat.create(context, disk, nothing);
  assert.ok(readFileSync(disk.path).equals(readFileSync(kernel)));
});

for (const backend of fileBackends) {
  test(`${backend.name}: a disk made from nothing is empty and has its size`, async (t) => {
    const context = machine(t);
    const disk = diskOf(context, backend, undefined, { name: "disk.swap", role: "swap" });
    await backend.create(context, disk, nothing);
    assert.equal((await backend.list(context, [disk])).get(`${uuid}/disk.swap`)?.size, 4 * mebibyte);
    await assert.rejects(
      backend.create(context, { ...disk, path: `${disk.path}2`, size: null }, nothing),
      /neither a base image nor a size/,
    );
  });
}

test("a running guest's disk is grown through libvirt", async (t) => {
  const { context, base } = await prepared(t);
  const qcow2 = driverOf("qcow2");
  const disk = diskOf(context, qcow2, base);
  await qcow2.create(context, disk, nothing);
  const before = readFileSync(disk.path);
  // No libvirt answers: what counts is that it is asked and qemu-img does not touch the file.
  const deaf = { ...context, settings: { ...context.settings, uri: "qemu:///system?socket=/nonexistent" } };
  await assert.rejects(qcow2.grow(deaf, disk, 8 * mebibyte, { uuid: "00000000-0000-4000-8000-000000000000" }), UnreachableError);
  assert.ok(readFileSync(disk.path).equals(before));
});

test("the running guest's name for a disk follows from its source, and from nothing else", () => {
  const disk = (source: string, target: string, more = "") =>
    `<disk type='any'>${more}<source ${source} index='2'><host name='h'/></source><target dev='${target}'/></disk>`;
  const backing = "<backingStore type='file'><source file='/i/base'/></backingStore>";
  const xml = `<domain type='qemu' id='7'><devices>
    ${disk("file='/i/disk'", "vda", backing)}${disk("dev='/dev/vg0/u_disk'", "vdb")}${disk("protocol='rbd' name='vms/u_disk'", "vdc")}
    ${disk("protocol='nbd' name='vms/u_disk.swap'", "vdd")}<disk device='cdrom'><target dev='sda'/></disk></devices></domain>`;
  const sources = ["/i/disk", "/dev/vg0/u_disk", "rbd:vms/u_disk", "rbd:vms/u_disk.swap", "/i/base", "/i/dis", ""];
  const targets = sources.map((source) => liveTarget(xml, source));
  assert.deepEqual(targets, ["vda", "vdb", "vdc", undefined, undefined, undefined, undefined]);
});

test("backends of later versions are named as such", () => {
  assert.throws(() => driverOf("zfs" as string), code("backend-not-supported"));
});

test("a damaged disk.info is not guessed around", async (t) => {
  const { context, base } = await prepared(t);
  await context.host.files.makeDirectory(context.layout.instance(uuid));
  writeFileSync(context.layout.instanceFile(uuid, "disk.info"), "{");
  const flat = driverOf("flat");
  await assert.rejects(flat.create(context, diskOf(context, flat, base), nothing), code("disk-info-damaged"));
});
