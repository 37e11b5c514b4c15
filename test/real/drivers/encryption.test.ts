import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { DiskSpec } from "../../../src/drivers/driver.ts";
import { driverOf } from "../../../src/drivers/index.ts";
import type { Context } from "../../../src/model/context.ts";
import { UserError } from "../../../src/model/errors.ts";
import { opensWith } from "../../../src/tools/qemu-img.ts";
import { type DiskParts, diskSpec } from "../../support/disk-spec.ts";
import { imageOf, qemuImg, temporary } from "../kinds/image/images.ts";
import { machine } from "../kinds/image/machine.ts";
import "../../support/quick-luks.ts";

const uuid = "6b1c2d3e-0000-4000-8000-000000000001";
const mebibyte = 2 ** 20;
const entry = "c".repeat(40);
const passphrase = "wandering otter, 17=x";
const nothing = () => {};
const code = (expected: string) => (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === expected;
const qcow2 = driverOf("qcow2");

function withPassphrase(t: TestContext, value = passphrase, root?: string): Context {
  return { ...machine(t, root === undefined ? {} : { root }), secret: () => value };
}

function diskOf(context: Context, changes: Partial<DiskParts> = {}): DiskSpec {
  const name = changes.name ?? "disk";
  return diskSpec({
    instance: "web",
    uuid,
    name,
    role: "root",
    backend: "qcow2",
    path: context.layout.instanceFile(uuid, name),
    size: 4 * mebibyte,
    preallocate: "none",
    encryption: { passphrase: { env: "DISK_PASSPHRASE" }, secretUuid: uuid },
    ...changes,
  });
}

/** What a guest would read, by the real program. */
function read(disk: DiskSpec, directory: string): Buffer {
  const key = join(directory, "key");
  writeFileSync(key, passphrase, { mode: 0o600 });
  const image = `driver=qcow2,encrypt.key-secret=s,file.filename=${disk.path.replaceAll(",", ",,")}`;
  qemuImg("convert", "--object", `secret,id=s,file=${key}`, "--image-opts", image, "-O", "raw", join(directory, "raw"));
  return readFileSync(join(directory, "raw"));
}

test("Nova QCOW-10: an encrypted overlay of a base that is not, of its cluster size, at a path with a comma", async (t) => {
  const context = withPassphrase(t, passphrase, join(temporary(t), "a, b", "instances"));
  await context.host.files.makeDirectory(context.layout.base);
  const image = imageOf(temporary(t), "qcow2", ["-o", "cluster_size=4096"]);
  const path = context.layout.baseImage(entry);
  writeFileSync(path, readFileSync(image));
  const disk = diskOf(context, { base: { image: "debian", entry, path, format: "qcow2" } });
  await qcow2.create(context, disk, nothing);
  const info = JSON.parse(qemuImg("info", "-f", "qcow2", "--output=json", disk.path));
  const { encrypt } = info["format-specific"].data;
  assert.deepEqual([info.encrypted, info["cluster-size"], info["backing-filename"]], [true, 4096, path]);
  // What Nova asks for.
  assert.deepEqual(
    [encrypt.format, encrypt["cipher-alg"], encrypt["cipher-mode"], encrypt["hash-alg"], encrypt["ivgen-alg"]],
    ["luks", "aes-256", "xts", "sha256", "plain64"],
  );
  const found = (await qcow2.list(context, [disk])).get(`${uuid}/disk`);
  assert.deepEqual([found?.encryption, found?.size, found?.backing], ["luks", 4 * mebibyte, path]);
  const raw = join(temporary(t), "raw");
  qemuImg("convert", "-f", "qcow2", "-O", "raw", path, raw);
  const base = readFileSync(raw);
  assert.ok(read(disk, temporary(t)).subarray(0, base.length).equals(base));

  assert.deepEqual(
    [await opensWith(context.host, disk.path, passphrase), await opensWith(context.host, disk.path, "another")],
    [true, false],
  );
  await assert.rejects(qcow2.grow(withPassphrase(t, "another"), disk, 8 * mebibyte, undefined), code("passphrase-wrong"));
  assert.equal((await qcow2.list(context, [disk])).get(`${uuid}/disk`)?.size, 4 * mebibyte);
  await qcow2.grow(context, disk, 8 * mebibyte, undefined);
  assert.equal((await qcow2.list(context, [disk])).get(`${uuid}/disk`)?.size, 8 * mebibyte);
  assert.ok(read(disk, temporary(t)).subarray(0, base.length).equals(base));
});

test("an encrypted disk made from nothing is encrypted with all that is in it, preallocated or not, under a key of its own", async (t) => {
  const context = withPassphrase(t);
  const content = { filesystem: "ext4", label: "ephemeral0" } as const;
  const disks = ["disk.eph0", "disk.eph1"].map((name) => diskOf(context, { name, role: "ephemeral", size: 8 * mebibyte, content }));
  const [disk, thick] = disks;
  assert.ok(disk !== undefined && thick !== undefined);
  await qcow2.create(context, disk, nothing);
  await qcow2.create(context, { ...thick, preallocate: "space" }, nothing);
  const keys = disks.map(
    ({ path }) => JSON.parse(qemuImg("info", "-f", "qcow2", "--output=json", path))["format-specific"].data.encrypt.uuid,
  );
  assert.notEqual(keys[0], keys[1]);
  assert.equal(readFileSync(disk.path).includes("ephemeral0"), false);
  assert.ok(statSync(thick.path).blocks * 512 >= 8 * mebibyte);
  const [thin, same] = [read(disk, temporary(t)), read(thick, temporary(t))];
  // ext4: 0x78 bytes into the superblock, which begins after 1 KiB; in front of it the UUID, of which each disk has its own.
  for (const bytes of [thin, same]) assert.equal(bytes.toString("latin1", 1144, 1154), "ephemeral0");
  assert.notDeepEqual(thin.subarray(1128, 1144), same.subarray(1128, 1144));
  assert.equal(thin.length, same.length);
});
