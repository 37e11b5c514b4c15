import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { seedTree } from "../../../../../src/kinds/instance/seed/tree.ts";
import { fullSpec, seedSpec } from "./fixtures.ts";

const randomSeed = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256));

const cases = {
  minimal: seedTree(seedSpec("/instances"), { userData: null, adminPassword: null, randomSeed }),
  full: seedTree(fullSpec("/instances"), { userData: Buffer.from("#cloud-config\n"), adminPassword: "s3cret", randomSeed }),
};

/** Every path with its content; the random seed, long and the same everywhere, as a word. */
function rendered(tree: ReadonlyMap<string, Buffer>): string {
  return [...tree].map(([path, content]) => `${path}\n  ${content.toString().replace(randomSeed.toString("base64"), "SEED")}\n`).join("");
}

for (const [name, tree] of Object.entries(cases)) {
  test(`the ${name} drive is the golden one`, async () => {
    const golden = new URL(`golden/${name}.golden.txt`, import.meta.url);
    if (process.env.UPDATE_GOLDEN === "1") await writeFile(golden, rendered(tree));
    assert.equal(rendered(tree), await readFile(golden, "utf8"));
  });
}

const read = (tree: ReadonlyMap<string, Buffer>, path: string) => JSON.parse(tree.get(path)?.toString() ?? "null");

test("each version of meta_data.json has exactly the keys of its time", () => {
  const keys = (version: string) => Object.keys(read(cases.full, `openstack/${version}/meta_data.json`)).sort();
  const first = ["admin_pass", "availability_zone", "hostname", "keys", "launch_index", "meta", "name", "public_keys", "uuid"];
  assert.deepEqual(keys("2012-08-10"), first);
  assert.deepEqual(keys("2013-04-04"), [...first, "random_seed"].sort());
  assert.deepEqual(keys("2013-10-17"), [...first, "random_seed"].sort());
  assert.deepEqual(keys("2015-10-15"), [...first, "project_id", "random_seed"].sort());
  assert.deepEqual(keys("2016-06-30"), [...first, "devices", "project_id", "random_seed"].sort());
  assert.deepEqual(keys("2018-08-27"), [...first, "devices", "project_id", "random_seed"].sort());
  assert.deepEqual(keys("2020-10-14"), [...first, "dedicated_cpus", "devices", "project_id", "random_seed"].sort());
  assert.deepEqual(keys("latest"), keys("2025-04-04"));
  assert.equal(read(cases.minimal, "openstack/latest/meta_data.json").admin_pass, undefined);
});

test("each version has exactly the files of its time", () => {
  const names = (version: string) =>
    [...cases.full.keys()].filter((path) => path.startsWith(`openstack/${version}/`)).map((path) => path.split("/")[2]);
  assert.deepEqual(names("2012-08-10"), ["meta_data.json", "user_data"]);
  assert.deepEqual(names("2013-10-17"), ["meta_data.json", "user_data", "vendor_data.json"]);
  assert.deepEqual(names("2015-10-15"), ["meta_data.json", "user_data", "vendor_data.json", "network_data.json"]);
  assert.deepEqual(names("2016-10-06"), ["meta_data.json", "user_data", "vendor_data.json", "network_data.json", "vendor_data2.json"]);
  assert.deepEqual(names("latest"), names("2016-10-06"));
});

test("the random seed is 512 bytes in base64 and user data is the given bytes", () => {
  const userData = Buffer.from([0x1f, 0x8b, 0x00, 0xff, 0x0d, 0x0a, 0xc3]);
  const tree = seedTree(seedSpec("/instances"), { userData, adminPassword: null, randomSeed });
  assert.deepEqual(Buffer.from(read(tree, "openstack/latest/meta_data.json").random_seed, "base64"), randomSeed);
  for (const path of ["openstack/2012-08-10/user_data", "openstack/latest/user_data", "ec2/2009-04-04/user-data", "ec2/latest/user-data"]) {
    assert.ok(tree.get(path)?.equals(userData), path);
  }
});

test("every network refers to a link, and links are of types that guests take for an ordinary card", () => {
  const { links, networks } = read(cases.full, "openstack/latest/network_data.json");
  assert.deepEqual(
    links.map((link: { ethernet_mac_address: string; type: string }) => [link.ethernet_mac_address, link.type]),
    [
      ["52:54:00:0a:0b:01", "bridge"],
      ["52:54:00:0a:0b:02", "bridge"],
      ["52:54:00:0a:0b:03", "phy"],
    ],
  );
  for (const [index, network] of networks.entries()) assert.equal(network.link, links[index].id);
  for (const { vif_id } of links) assert.match(vif_id, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(new Set(links.map((link: { vif_id: string }) => link.vif_id)).size, 3);
});

test("without a network card there is no network data", () => {
  assert.deepEqual(read(cases.minimal, "openstack/latest/network_data.json"), {});
});

test("the order in which metadata and keys were written makes no difference", () => {
  const values = { userData: null, adminPassword: null, randomSeed };
  const one = seedTree(seedSpec("/i", { metadata: { b: "1", a: "2" }, publicKeys: { y: "k1", x: "k2" } }), values);
  const other = seedTree(seedSpec("/i", { metadata: { a: "2", b: "1" }, publicKeys: { x: "k2", y: "k1" } }), values);
  assert.deepEqual(one, other);
});

test("metadata named like a property of every object arrives", () => {
  const metadata = JSON.parse('{"__proto__":"x","constructor":"y"}');
  const tree = seedTree(seedSpec("/i", { metadata }), { userData: null, adminPassword: null, randomSeed });
  assert.match(tree.get("openstack/latest/meta_data.json")?.toString() ?? "", /"meta":\{"__proto__":"x","constructor":"y"\}/);
});

test("files are on the drive with their bytes, and vendor data sets the modes and owners that are given", () => {
  const files = [
    { path: "/etc/app/key.bin", base64: "AAEC/w==", mode: "0640", owner: "app" },
    { path: "/etc/motd", base64: "aGVsbG8K", mode: null, owner: null },
    { path: "/root/x", base64: "", mode: "0600", owner: null },
  ];
  const tree = seedTree(seedSpec("/instances", { files }), { userData: null, adminPassword: null, randomSeed });
  assert.deepEqual(tree.get("openstack/content/0000"), Buffer.from([0, 1, 2, 255]));
  assert.equal(tree.get("openstack/content/0001")?.toString(), "hello\n");
  assert.equal(tree.get("openstack/content/0002")?.length, 0);
  for (const version of ["2012-08-10", "latest"]) {
    assert.deepEqual(read(tree, `openstack/${version}/meta_data.json`).files, [
      { path: "/etc/app/key.bin", content_path: "/content/0000" },
      { path: "/etc/motd", content_path: "/content/0001" },
      { path: "/root/x", content_path: "/content/0002" },
    ]);
  }
  const [start, ...rest] = read(tree, "openstack/latest/vendor_data.json")["cloud-init"].split("\n");
  assert.equal(start, "#cloud-config");
  assert.deepEqual(JSON.parse(rest.join("\n")).write_files, [
    { path: "/etc/app/key.bin", content: "", append: true, permissions: "0640", owner: "app:app", defer: true },
    { path: "/root/x", content: "", append: true, permissions: "0600", owner: "root:root" },
  ]);
});
