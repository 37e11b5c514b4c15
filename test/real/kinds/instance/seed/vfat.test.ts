import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { readVfatFile } from "../../../../../src/tools/read-vfat-file.ts";
import { writeVfatImage } from "../../../../../src/tools/vfat.ts";
import { temporaryDirectory } from "../../../../unit/kinds/instance/seed/fixtures.ts";
import { seedContext } from "./machine.ts";

const environment = { ...process.env, LC_ALL: "C", TZ: "UTC", PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
const output = (program: string, ...args: string[]) =>
  execFileSync(program, args, { env: environment, stdio: ["ignore", "pipe", "ignore"] });

const files = new Map<string, Buffer>([
  ["openstack/latest/meta_data.json", Buffer.from(JSON.stringify({ meta: "x".repeat(100_000) }))],
  ["openstack/latest/user_data", Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7) % 256))],
  ["openstack/2012-08-10/user_data", Buffer.from("\r\n\0\x1a after the end of a text file\r\n")],
  ["ec2/latest/empty", Buffer.alloc(0)],
]);

test("mtools reads every file back, the file system is sound and blkid finds the label", async (context) => {
  const path = `${await temporaryDirectory(context)}/drive`;
  await writeVfatImage(await seedContext(context), path, "config-2", files);
  for (const [name, content] of files) assert.ok(output("mcopy", "-i", path, `::/${name}`, "-").equals(content), name);
  assert.deepEqual(output("mdir", "-b", "-i", path, "::/openstack/latest").toString().trim().split("\n"), [
    "::/openstack/latest/meta_data.json",
    "::/openstack/latest/user_data",
  ]);
  output("fsck.vfat", "-n", path);
  const found = output("blkid", "-p", "-o", "export", path).toString();
  assert.match(found, /^LABEL=config-2$/m);
  assert.match(found, /^TYPE=vfat$/m);
});

const reading = (bytes: Buffer) => async (range: { readonly offset: number; readonly length: number }) =>
  bytes.subarray(range.offset, range.offset + range.length);

test("a file is read back by its path; a missing, too long or damaged one is not", async (context) => {
  const path = `${await temporaryDirectory(context)}/drive`;
  const large = ["openstack/content/large", Buffer.alloc(300 * 1024, "x")] as const;
  const many = Array.from(
    { length: 60 },
    (_, index) => [`openstack/content/file with a long name ${index}`, Buffer.from(`${index}`)] as const,
  );
  await writeVfatImage(await seedContext(context), path, "config-2", new Map([...files, ...many, large]));
  const image = readFileSync(path);
  for (const [name, content] of [...files, ...many]) assert.deepEqual(await readVfatFile(reading(image), name), content, name);
  for (const name of ["openstack/latest/vendor_data", "nothing/at/all", large[0], "openstack/latest/user_data/x"])
    assert.equal(await readVfatFile(reading(image), name), undefined, name);
  assert.equal(await readVfatFile(async () => undefined, "ec2/latest/empty"), undefined);
  assert.equal(await readVfatFile(reading(image.subarray(0, 64 * 1024)), "openstack/latest/user_data"), undefined, "cut short");
  // The boot sector, the table of clusters, and directories.
  for (let at = 0; at < 300 * 1024; at += at < 512 ? 7 : 997) {
    for (const byte of [0, 0x02, 0xff]) {
      const damaged = Buffer.from(image.subarray(0, 600 * 1024));
      damaged.fill(byte, at, at + 40);
      await readVfatFile(reading(damaged), "openstack/latest/user_data");
    }
  }
});

test("it is 64 MiB long, mostly a hole, and private", async (context) => {
  const path = `${await temporaryDirectory(context)}/drive`;
  await writeVfatImage(await seedContext(context), path, "config-2", files);
  const { size, blocks, mode } = statSync(path);
  assert.equal(size, 64 * 2 ** 20);
  assert.ok(blocks * 512 < 2 * 2 ** 20, `${blocks * 512} bytes`);
  assert.equal(mode & 0o777, 0o600);
});

test("the bytes depend on the label and the files alone, not on the time or on what was there", async (context) => {
  const directory = await temporaryDirectory(context);
  const machine = await seedContext(context);
  await writeVfatImage(machine, `${directory}/one`, "config-2", files);
  const first = readFileSync(`${directory}/one`);
  // The time stamps of FAT count in steps of two seconds.
  for (const until = Date.now() + 2100; Date.now() < until; )
    await writeVfatImage(machine, `${directory}/other`, "config-2", new Map([["junk", first.subarray(0, 9999)]]));
  await writeVfatImage(machine, `${directory}/other`, "config-2", new Map([...files].reverse()));
  assert.ok(first.equals(readFileSync(`${directory}/other`)));
});
