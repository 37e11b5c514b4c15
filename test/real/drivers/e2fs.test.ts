import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { DiskSpec } from "../../../src/drivers/driver.ts";
import { driverOf } from "../../../src/drivers/index.ts";
import { growInside } from "../../../src/drivers/shared/inner-growth.ts";
import type { Context } from "../../../src/model/context.ts";
import type { Diagnostic } from "../../../src/model/diagnostic.ts";
import type { Command } from "../../../src/model/host.ts";
import { growExtFilesystem, isExtDevice, isExtFile } from "../../../src/tools/e2fs.ts";
import { type Filesystem, makeFilesystem } from "../../../src/tools/mkfs.ts";
import { type DiskParts, diskSpec } from "../../support/disk-spec.ts";
import { rawDisk, temporary } from "../kinds/image/images.ts";
import { changed, machine, watched } from "../kinds/image/machine.ts";

const MiB = 2 ** 20;
const uuid = "6b1c2d3e-0000-4000-8000-00000000e2f5";
const nothing = () => {};

/** Bytes of the filesystem as its own programs count them, after a check that nothing is wrong with it. */
function extBytes(path: string): number {
  execFileSync("e2fsck", ["-fn", path], { stdio: "ignore" });
  const words = execFileSync("dumpe2fs", ["-h", path], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const value = (name: string) => Number(new RegExp(`^${name}: +(\\d+)$`, "m").exec(words)?.[1]);
  return value("Block count") * value("Block size");
}

async function filesystem(t: TestContext, context: Context, kind: Filesystem, bytes: number): Promise<string> {
  const path = join(temporary(t), kind);
  writeFileSync(path, "");
  truncateSync(path, bytes);
  await makeFilesystem(context, path, { filesystem: kind, label: "data" });
  return path;
}

function diskOf(context: Context, changes: Partial<DiskParts>): DiskSpec {
  const path = context.layout.instanceFile(uuid, "disk");
  return diskSpec({
    instance: "web",
    uuid,
    name: "disk",
    role: "root",
    backend: "flat",
    path,
    size: 64 * MiB,
    preallocate: "none",
    ...changes,
  });
}

for (const kind of ["ext2", "ext3", "ext4"] as const) {
  test(`Nova SIZE-06: ${kind} without partitions grows with its file`, async (t) => {
    const context = machine(t);
    const path = await filesystem(t, context, kind, 16 * MiB);
    truncateSync(path, 48 * MiB);
    assert.equal(await isExtFile(context, path), true);
    assert.equal(await isExtDevice(context, path), true);
    assert.equal(await growExtFilesystem(context, path), undefined);
    assert.equal(extBytes(path), 48 * MiB);
  });
}

test("Nova SIZE-06: flat disks are grown inside when they are made and when they grow", async (t) => {
  const context = machine(t);
  await context.host.files.makeDirectory(context.layout.base);
  const entry = "e".repeat(40);
  const path = context.layout.baseImage(entry);
  writeFileSync(path, readFileSync(await filesystem(t, context, "ext4", 16 * MiB)));
  chmodSync(path, 0o444);
  const flat = driverOf("flat");
  const disk = diskOf(context, { base: { image: "tiny", entry, path, format: "raw" } });
  await flat.create(context, disk, nothing);
  assert.equal(extBytes(disk.path), 64 * MiB);
  await flat.grow(context, disk, 80 * MiB, undefined);
  assert.equal(extBytes(disk.path), 80 * MiB);
  assert.equal(extBytes(path), 16 * MiB);
});

test("what is no ext filesystem is left alone, and no program is asked", async (t) => {
  const asked: string[] = [];
  const context = machine(t, { wrap: (host) => watched(host, ({ program }) => asked.push(program)) });
  const calm = machine(t);
  const paths = [
    rawDisk(join(temporary(t), "raw")),
    await filesystem(t, calm, "vfat", 16 * MiB),
    await filesystem(t, calm, "swap", 16 * MiB),
    join(temporary(t), "nothing"),
  ];
  for (const path of paths) await growInside(context, diskOf(context, {}), path);
  assert.deepEqual(asked, []);
  for (const path of paths) assert.equal(await isExtDevice(calm, path), false);
});

test("a filesystem whose journal is elsewhere is left alone: its guest could name any device of the host", async (t) => {
  const asked: string[] = [];
  const context = machine(t, { wrap: (host) => watched(host, ({ program }) => asked.push(program)) });
  const forge: Readonly<Record<string, (superblock: Buffer) => void>> = {
    "by uuid": (superblock) => superblock.fill(0xab, 0xd0, 0xe0),
    "by number": (superblock) => superblock.writeUInt32LE(0x801, 0xe4),
    "in no inode": (superblock) => superblock.writeUInt32LE(0, 0xe0),
    "being one itself": (superblock) => superblock.writeUInt32LE(superblock.readUInt32LE(0x60) | 8, 0x60),
  };
  for (const [how, change] of Object.entries(forge)) {
    const path = await filesystem(t, machine(t), "ext4", 16 * MiB);
    const bytes = readFileSync(path);
    change(bytes.subarray(1024, 2048));
    writeFileSync(path, bytes);
    truncateSync(path, 48 * MiB);
    await growInside(context, diskOf(context, {}), path);
    assert.equal(await isExtFile(context, path), false, how);
  }
  assert.deepEqual(asked, []);
});

test("programs look at what a guest wrote within limits, and where they reach them the filesystem stays as it is", async (t) => {
  const commands: Command[] = [];
  const path = await filesystem(t, machine(t), "ext4", 16 * MiB);
  truncateSync(path, 48 * MiB);
  const watching = machine(t, { wrap: (host) => watched(host, (command) => commands.push(command)) });
  assert.equal(await growExtFilesystem(watching, path), undefined);
  assert.deepEqual(
    commands.map(({ program, limits }) => [program, limits?.addressSpaceBytes, (limits?.cpuSeconds ?? 3600) <= 900]),
    ["e2label", "e2fsck", "resize2fs"].map((program) => [program, 2 ** 31, true]),
  );
  truncateSync(path, 64 * MiB);
  // Too little for e2fsck to live.
  const limits = { cpuSeconds: 30, addressSpaceBytes: 3_000_000 };
  const starved = machine(t, { wrap: (host) => changed(host, (command) => ({ ...command, limits })) });
  assert.equal((await growExtFilesystem(starved, path))?.reason, "exit");
  assert.equal(extBytes(path), 48 * MiB);
});

test("a filesystem that cannot be repaired keeps its size, and its disk grows", async (t) => {
  const context = machine(t);
  const path = await filesystem(t, context, "ext4", 16 * MiB);
  const flat = driverOf("flat");
  const disk = diskOf(context, { path });
  const bytes = readFileSync(path);
  // The mark stays, the rest of the superblock is nonsense.
  bytes.fill(0xa5, 1024, 1080);
  writeFileSync(path, bytes);
  const warnings: Diagnostic[] = [];
  await flat.grow({ ...context, warn: (diagnostic) => warnings.push(diagnostic) }, disk, 64 * MiB, undefined);
  assert.equal(readFileSync(path).length, 64 * MiB);
  assert.deepEqual(
    warnings.map(({ severity, code: named, summary }) => [severity, named, summary]),
    [["warning", "filesystem-not-grown", "The filesystem on the root disk of web keeps its size"]],
  );
  assert.match(warnings[0]?.detail ?? "", /e2fsck .*resize2fs/s);
  assert.equal(existsSync(`${path}.growing`), false, "the growth is finished");
});
