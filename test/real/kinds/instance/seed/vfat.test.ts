import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { test } from "node:test";
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
