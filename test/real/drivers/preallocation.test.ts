import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmdirSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { DiskSpec } from "../../../src/drivers/driver.ts";
import { driverOf } from "../../../src/drivers/index.ts";
import type { Context } from "../../../src/model/context.ts";
import { UserError } from "../../../src/model/errors.ts";
import { filesystemOf, parseFilesystem } from "../../../src/tools/filesystem-type.ts";
import { type DiskParts, diskSpec } from "../../support/disk-spec.ts";
import { qemuImg, temporary } from "../kinds/image/images.ts";
import { machine } from "../kinds/image/machine.ts";

const uuid = "6b1c2d3e-0000-4000-8000-000000000001";
const mebibyte = 2 ** 20;
const entry = "c".repeat(40);
const nothing = () => {};
const code = (expected: string) => (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === expected;

/** A filesystem of its own, 16 MiB large where its kind has sizes. */
function mounted(t: TestContext, type: "tmpfs" | "ramfs"): string {
  const place = mkdtempSync(join(tmpdir(), "virtform-mounted-"));
  execFileSync("mount", ["-t", type, "-o", "size=16M", "none", place]);
  t.after(() => {
    execFileSync("umount", [place]);
    rmdirSync(place);
  });
  return place;
}

function diskOf(context: Context, backend: string, changes: Partial<DiskParts> = {}): DiskSpec {
  const path = context.layout.instanceFile(uuid, "disk");
  return diskSpec({
    instance: "web",
    uuid,
    name: "disk",
    role: "root",
    backend,
    path,
    size: 4 * mebibyte,
    preallocate: "space",
    ...changes,
  });
}

const taken = (path: string) => statSync(path).blocks * 512;

for (const name of ["flat", "qcow2"] as const) {
  const backend = driverOf(name);

  test(`${name}: growth is taken at once as well`, async (t) => {
    const context = machine(t);
    const disk = diskOf(context, name);
    await backend.create(context, disk, nothing);
    assert.ok(taken(disk.path) >= 4 * mebibyte);
    await backend.grow(context, disk, 8 * mebibyte, undefined);
    assert.ok(taken(disk.path) >= 8 * mebibyte);
    assert.equal((await backend.list(context, [disk])).get(`${uuid}/disk`)?.size, 8 * mebibyte);
  });

  test(`${name}: where there is no space for a disk, or for its growth, it is said and nothing is left`, async (t) => {
    const place = mounted(t, "tmpfs");
    const context = machine(t, { root: join(place, "instances") });
    const free = () => statfsSync(place).bavail;
    await context.host.files.makeDirectory(context.layout.instance(uuid));
    const before = free();
    await assert.rejects(backend.create(context, diskOf(context, name, { size: 64 * mebibyte }), nothing), code("no-space"));
    assert.deepEqual(
      readdirSync(context.layout.instance(uuid)).filter((file) => file !== "disk.info"),
      [],
    );
    // disk.info takes a page.
    assert.ok(before - free() <= 2, "the space is free again");
    const disk = diskOf(context, name);
    await backend.create(context, disk, nothing);
    const after = free();
    await assert.rejects(backend.grow(context, disk, 64 * mebibyte, undefined), code("no-space"));
    assert.equal((await backend.list(context, [disk])).get(`${uuid}/disk`)?.size, 4 * mebibyte);
    if (name === "flat") assert.equal(free(), after);
    await backend.grow(context, disk, 6 * mebibyte, undefined);
  });

  test(`${name}: a filesystem that cannot reserve is detected, and reported when a disk is made all the same`, async (t) => {
    const root = join(mounted(t, "ramfs"), "instances");
    const context = machine(t, { root });
    assert.deepEqual(await filesystemOf(context, root), { filesystem: "ramfs", reserves: false });
    if (name === "qcow2") return;
    await assert.rejects(backend.create(context, diskOf(context, name), nothing), code("preallocation-unsupported"));
  });
}

test("a preallocated overlay has all its clusters, and shows what is below them", async (t) => {
  const context = machine(t);
  await context.host.files.makeDirectory(context.layout.base);
  const path = context.layout.baseImage(entry);
  const bytes = Buffer.alloc(mebibyte, "virtform ");
  writeFileSync(path, bytes);
  const disk = diskOf(context, "qcow2", { base: { image: "debian", entry, path, format: "raw" } });
  await driverOf("qcow2").create(context, disk, nothing);
  assert.ok(taken(disk.path) >= 4 * mebibyte);
  assert.match(qemuImg("check", "-f", "qcow2", disk.path), /64\/64 = 100\.00% allocated/);
  const raw = join(temporary(t), "raw");
  writeFileSync(raw, Buffer.concat([bytes, Buffer.alloc(3 * mebibyte)]));
  assert.match(qemuImg("compare", "-f", "qcow2", "-F", "raw", disk.path, raw), /identical/);
  assert.equal((await driverOf("qcow2").list(context, [disk])).get(`${uuid}/disk`)?.backing, path);
});

test("what findmnt says about a filesystem", () => {
  assert.deepEqual(parseFilesystem("ext4 rw,relatime"), { filesystem: "ext4", reserves: true });
  assert.deepEqual(parseFilesystem("nfs4 rw,vers=4.2,rsize=1048576"), { filesystem: "nfs4", reserves: true });
  assert.deepEqual(parseFilesystem("nfs4 rw,vers=4.1,rsize=1048576"), { filesystem: "nfs4", reserves: false });
  assert.deepEqual(parseFilesystem("zfs rw,xattr"), { filesystem: "zfs", reserves: false });
  assert.equal(parseFilesystem(""), undefined);
});
