import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { isoImage } from "../../../../../src/tools/iso9660/iso9660.ts";
import { temporaryDirectory } from "../../../../unit/kinds/instance/seed/fixtures.ts";

const environment = { ...process.env, LC_ALL: "C", PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
const output = (program: string, ...args: string[]) =>
  execFileSync(program, args, { env: environment, maxBuffer: 2 ** 26, stdio: ["ignore", "pipe", "ignore"] });

const files = new Map<string, Buffer>([
  ["openstack/latest/meta_data.json", Buffer.from(JSON.stringify({ meta: "x".repeat(100_000) }))],
  ["openstack/latest/user_data", Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7) % 256))],
  ["openstack/2012-08-10/user_data", Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7) % 256))],
  ["ec2/latest/user-data", Buffer.from("\r\n\0\r\n")],
  ["one/two/three/four/five/six/deepest", Buffer.from("deep")],
  ["exactly-one-sector", Buffer.alloc(2048, "s")],
  [`${"n".repeat(55)}.json`, Buffer.from("long")],
  ["empty", Buffer.alloc(0)],
  // More entries than one sector of a directory can hold.
  ...Array.from({ length: 100 }, (_, index): [string, Buffer] => [`many/file-${index}`, Buffer.from(`content ${index}`)]),
]);

test("isoinfo reads every file back, by Rock Ridge and by Joliet", async (context) => {
  const path = `${await temporaryDirectory(context)}/drive.iso`;
  writeFileSync(path, isoImage("config-2", files));
  for (const [name, content] of files) {
    assert.ok(output("isoinfo", "-R", "-i", path, "-x", `/${name}`).equals(content), `Rock Ridge ${name}`);
    assert.ok(output("isoinfo", "-J", "-i", path, "-x", `/${name};1`).equals(content), `Joliet ${name}`);
  }
  const listed = output("isoinfo", "-R", "-f", "-i", path)
    .toString()
    .split("\n")
    .filter((line) => files.has(line.slice(1)));
  assert.deepEqual(listed.map((line) => line.slice(1)).sort(), [...files.keys()].sort());
  const details = output("isoinfo", "-R", "-l", "-i", path).toString();
  assert.match(details, /^-r--r--r-- +1 +0 +0 +5000 Jan +1 1980 .* user_data $/m);
  assert.match(details, /^dr-xr-xr-x +4 +0 +0 +2048 Jan +1 1980 .* openstack $/m);
});

test("plain names are unique, in capitals and without versions of the same number", async (context) => {
  const path = `${await temporaryDirectory(context)}/drive.iso`;
  writeFileSync(path, isoImage("config-2", files));
  const plain = output("isoinfo", "-f", "-i", path).toString().trim().split("\n");
  assert.equal(new Set(plain).size, plain.length);
  assert.ok(plain.includes("/OPENSTACK/2012_08_10/USER_DATA.;1"), plain.slice(0, 20).join(" "));
});

test("blkid finds the label that cloud-init looks for", async (context) => {
  const path = `${await temporaryDirectory(context)}/drive.iso`;
  writeFileSync(path, isoImage("config-2", files));
  const found = output("blkid", "-p", "-o", "export", path).toString();
  assert.match(found, /^LABEL=config-2$/m);
  assert.match(found, /^TYPE=iso9660$/m);
});

test("the bytes depend on the label and the files alone", () => {
  const image = isoImage("config-2", files);
  assert.ok(image.equals(isoImage("config-2", new Map([...files].reverse()))));
  assert.ok(!image.equals(isoImage("CONFIG-2", files)));
  assert.ok(!image.equals(isoImage("config-2", new Map([...files, ["empty", Buffer.from("!")]]))));
});

test("equal contents are stored once", () => {
  const big = Buffer.alloc(1_000_000, "b");
  const once = isoImage("x", new Map([["a/1", big]])).length;
  const often = isoImage(
    "x",
    new Map([
      ["a/1", big],
      ["a/2", Buffer.from(big)],
      ["b", big],
    ]),
  ).length;
  assert.ok(often - once < 3 * 2 * 2048, `${often - once} bytes more`);
});

test("what the format cannot hold is refused with its name", () => {
  const image = (...paths: string[]) => isoImage("x", new Map(paths.map((path) => [path, Buffer.from(path)])));
  assert.throws(() => image("a/../b"), /cannot hold the name "\.\."/);
  assert.throws(() => image("a//b"), /cannot hold the name ""/);
  assert.throws(() => image("n".repeat(61)), /cannot hold the name "nnn/);
  assert.throws(() => image("1/2/3/4/5/6/7/8/9"), /allows 8 levels/);
  assert.throws(() => image("a", "a/b"), /both a file and a directory/);
  assert.throws(() => image("a/b", "a"), /both a file and a directory/);
  assert.throws(() => image("d/a-b", "d/a_b"), /two names in d are both A_B/);
});
