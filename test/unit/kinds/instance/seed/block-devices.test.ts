import assert from "node:assert/strict";
import { test } from "node:test";
import { blockDevices, rootOnly } from "../../../../../src/kinds/instance/seed/block-devices.ts";
import { seedDigest } from "../../../../../src/kinds/instance/seed/public.ts";
import { seedTree } from "../../../../../src/kinds/instance/seed/tree.ts";
import { seedSpec } from "./fixtures.ts";

const disk = (name: string, target: string) => ({ name, target });
const values = { userData: null, adminPassword: null, randomSeed: Buffer.alloc(512, 7) };

test("EC2's metadata names the disks of the instance, and neither volumes nor the config drive", () => {
  assert.deepEqual(blockDevices([disk("disk", "vda"), disk("disk.config", "sda")]), rootOnly);
  const disks = [
    disk("disk", "hda"),
    disk("disk.eph0", "hdb"),
    disk("disk.eph1", "hdc"),
    disk("disk.swap", "hdd"),
    disk("volume/data", "vda"),
    disk("disk.config", "sda"),
  ];
  const devices = { ami: "hda", root: "/dev/hda", ephemeral0: "/dev/hdb", ephemeral1: "/dev/hdc", swap: "/dev/hdd" };
  assert.deepEqual(blockDevices(disks), devices);
  assert.deepEqual(blockDevices([disk("disk", "vda"), disk("disk.local", "vdb")]), { ...rootOnly, ephemeral0: "/dev/vdb" });
  const tree = seedTree(seedSpec("/instances", { blockDevices: devices }), values);
  for (const version of ["latest", "2009-04-04"]) {
    const meta = JSON.parse(tree.get(`ec2/${version}/meta-data.json`)?.toString("utf8") ?? "{}");
    assert.deepEqual(meta["block-device-mapping"], devices);
  }
});

test("a drive of a guest with a root disk alone is the one that it was before disks were named", () => {
  const digest = seedDigest(seedSpec("/instances"));
  assert.equal(seedDigest(seedSpec("/instances", { blockDevices: rootOnly })), digest);
  assert.notEqual(seedDigest(seedSpec("/instances", { blockDevices: { ...rootOnly, swap: "/dev/vdb" } })), digest);
});
