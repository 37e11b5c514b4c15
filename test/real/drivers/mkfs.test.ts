import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { DiskSpec } from "../../../src/drivers/driver.ts";
import { driverOf } from "../../../src/drivers/index.ts";
import { blankTemplateName } from "../../../src/drivers/shared/template-blank.ts";
import type { Context } from "../../../src/model/context.ts";
import { UserError } from "../../../src/model/errors.ts";
import { type Filesystem, makeFilesystem, mkfsCommand, smallestFilesystem } from "../../../src/tools/mkfs.ts";
import { diskSpec } from "../../support/disk-spec.ts";
import { qemuImg, temporary } from "../kinds/image/images.ts";
import { changed, machine } from "../kinds/image/machine.ts";

const MiB = 2 ** 20;
const uuid = "6b1c2d3e-0000-4000-8000-0000000b1a7c";
const identity = "3f0c6b1e-6f6a-5d0e-9a39-0d4f3f1b2c01";
const kinds = ["ext2", "ext3", "ext4", "xfs", "vfat", "ntfs", "swap"] as const;
const nothing = () => {};

function blkid(path: string): Record<string, string> {
  const words = execFileSync("blkid", ["-p", "-o", "export", path], { encoding: "utf8" });
  return Object.fromEntries(words.split("\n").map((line) => line.split("=", 2)));
}

function emptyFile(t: TestContext, bytes: number): string {
  const path = join(temporary(t), "disk");
  writeFileSync(path, "");
  truncateSync(path, bytes);
  return path;
}

for (const kind of kinds) {
  test(`${kind}: made with label and identity, on the smallest disk that the plan allows`, async (t) => {
    const context = machine(t);
    const path = emptyFile(t, smallestFilesystem[kind]);
    await makeFilesystem(context, path, { filesystem: kind, label: kind === "swap" ? "" : "ephemeral0", uuid: identity });
    const found = blkid(path);
    assert.equal(found["TYPE"], kind);
    // NTFS draws a number of its own.
    if (kind !== "ntfs") assert.equal(found["UUID"], kind === "vfat" ? "3F0C-6B1E" : identity);
    assert.equal(found["LABEL"], kind === "swap" ? undefined : kind === "vfat" ? "EPHEMERAL0" : "ephemeral0");
    assert.equal(statSync(path).size, smallestFilesystem[kind]);
  });
}

test("Nova GEN-03: words that a shell or an option list would misread reach mkfs as they are", () => {
  assert.deepEqual(mkfsCommand({ filesystem: "xfs", label: "a b;$c" }, "/x y").args, ["-q", "-f", "-L", "a b;$c", "/x y"]);
});

test("vfat: a label has capitals, and what a FAT cannot have in one becomes underscores", async (t) => {
  for (const [label, found] of [
    ["db.data-v1_2", "DB_DATA-V1_"],
    ["a.b", "A_B"],
    ["9", "9"],
  ] as const) {
    const path = emptyFile(t, MiB);
    await makeFilesystem(machine(t), path, { filesystem: "vfat", label: label.slice(0, 11) });
    assert.equal(blkid(path)["LABEL"], found);
  }
});

test("a missing program is named with its package", async (t) => {
  const context = machine(t, { wrap: (host) => changed(host, (command) => ({ ...command, program: "mkfs.nothing-of-the-sort" })) });
  await assert.rejects(
    makeFilesystem(context, emptyFile(t, MiB), { filesystem: "xfs", label: "" }),
    (error) => error instanceof UserError && /package xfsprogs/.test(error.diagnostics[0]?.detail ?? ""),
  );
});

test("whatever is made differently has another template", () => {
  const name = (filesystem: Filesystem, label: string, size = 2 ** 30) => blankTemplateName(size, { filesystem, label });
  const names = [name("ext4", "a"), name("ext4", "b"), name("ext3", "a"), name("vfat", "a"), name("ext4", "a", 2 ** 31), name("swap", "")];
  assert.equal(new Set(names).size, names.length);
  assert.equal(name("ext4", "a"), name("ext4", "a"));
  assert.match(name("ext4", "a", 1000), /^ephemeral_1000B_ext4_a_/);
});

function disksOf(context: Context, backend: "flat" | "qcow2", count: number): DiskSpec[] {
  return Array.from({ length: count }, (_, index) => {
    const own = uuid.slice(0, -2) + String(index + 10);
    return diskSpec({
      instance: `web-${index}`,
      uuid: own,
      name: "disk.eph0",
      role: "ephemeral",
      backend,
      path: context.layout.instanceFile(own, "disk.eph0"),
      size: 16 * MiB,
      content: { filesystem: "ext4", label: "ephemeral0" },
      preallocate: "none",
    });
  });
}

test("qcow2: disks have filesystems of their own, the same when they are made again, on files that stay as they are", async (t) => {
  const context = machine(t);
  const qcow2 = driverOf("qcow2");
  const disks = disksOf(context, "qcow2", 6);
  await Promise.all(disks.map((disk) => qcow2.create(context, disk, nothing)));
  const raw = (disk: DiskSpec) => {
    qemuImg("convert", "-f", "qcow2", "-O", "raw", disk.path, `${disk.path}.raw`);
    return blkid(`${disk.path}.raw`);
  };
  const found = disks.map(raw);
  assert.equal(new Set(found.map(({ UUID }) => UUID)).size, disks.length);
  assert.ok(found.every(({ TYPE, LABEL }) => TYPE === "ext4" && LABEL === "ephemeral0"));
  const bases = readdirSync(context.layout.base).filter((name) => name.startsWith("ephemeral_"));
  assert.equal(bases.length, disks.length);
  for (const base of bases) assert.equal(statSync(join(context.layout.base, base)).mode & 0o777, 0o444);
  const before = bases.map((base) => readFileSync(join(context.layout.base, base)));
  const [first] = disks as [DiskSpec];
  await qcow2.grow(context, first, 32 * MiB, undefined);
  for (const [index, base] of bases.entries()) assert.ok(readFileSync(join(context.layout.base, base)).equals(before[index] as Buffer));
  await qcow2.remove(context, first);
  await qcow2.create(context, first, nothing);
  assert.equal(raw(first)["UUID"], found[0]?.["UUID"]);
});

test("flat: disks have filesystems of their own, the same when they are made again, and space where it is asked for", async (t) => {
  const context = machine(t);
  const flat = driverOf("flat");
  const [one, two] = disksOf(context, "flat", 2) as [DiskSpec, DiskSpec];
  await flat.create(context, one, nothing);
  await flat.create(context, { ...two, preallocate: "space" }, nothing);
  assert.notEqual(blkid(one.path)["UUID"], blkid(two.path)["UUID"]);
  assert.ok(statSync(two.path).blocks * 512 >= 16 * MiB);
  assert.equal(blkid(two.path)["TYPE"], "ext4");
  const before = blkid(one.path)["UUID"];
  await flat.remove(context, one);
  await flat.create(context, one, nothing);
  assert.equal(blkid(one.path)["UUID"], before);
});
