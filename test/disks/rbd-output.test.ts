import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiskSpec, Surroundings } from "../../src/disks/backend.ts";
import { backendOf } from "../../src/disks/index.ts";
import { qemuRbdName } from "../../src/tools/rbd.ts";
import { parseRbdAddress } from "../../src/tools/rbd-address.ts";
import {
  parseChildren,
  parseImages,
  parseInfo,
  parseMetadata,
  parseMonitors,
  parsePools,
  parseRbdProgress,
  parseSnapshots,
} from "../../src/tools/rbd-output.ts";

// As Ceph 16 prints it.
test("images are told from their snapshots", () => {
  const stdout = `[{"image":"u_disk","id":"1028aa5341a2","size":20000000,"format":2},{"image":"u_disk","id":"1028aa5341a2","snapshot":"s","snapshot_id":4,"size":20000000,"format":2,"protected":"true"}]`;
  assert.deepEqual(parseImages(stdout), [{ name: "u_disk", size: 20000000, snapshots: { s: 20000000 } }]);
  assert.deepEqual(parseImages("[]\n"), []);
});

test("an image, and a snapshot that is protected", () => {
  const image = `{"name":"u_disk","id":"1028aa5341a2","size":20000000,"objects":5,"order":22,"snapshot_count":1,"format":2,"features":["layering"]}`;
  assert.deepEqual(parseInfo(image), { id: "1028aa5341a2", size: 20000000, protected: false });
  assert.equal(parseInfo(image.replace(/}$/, `,"protected":"true"}`)).protected, true);
  assert.equal(parseInfo(image.replace(/}$/, `,"protected":"false"}`)).protected, false);
});

test("snapshots, children, labels, pools", () => {
  const snapshots = `[{"id":4,"name":"s","size":20000000,"protected":"true","timestamp":"Sat Nov 21 11:54:47 2026"},{"id":5,"name":"t","size":1,"protected":"false"}]`;
  assert.deepEqual(parseSnapshots(snapshots), [
    { name: "s", protected: true },
    { name: "t", protected: false },
  ]);
  assert.deepEqual(parseChildren(`[{"pool":"vms","pool_namespace":"","image":"c_disk"}]`), ["vms/c_disk"]);
  assert.deepEqual(parseMetadata(`{"virtform.project":"shop"}`), { "virtform.project": "shop" });
  assert.deepEqual(parseMetadata("\n"), {});
  assert.deepEqual(parsePools(`\n["vms","images"]`), ["vms", "images"]);
});

test("monitors by the address of the first protocol, of old and new clusters, with IPv6", () => {
  const one = `{"epoch":1,"fsid":"67117051-4b98-4d6e-8eb9-7c539b39e90c","mons":[{"rank":0,"name":"a","public_addrs":{"addrvec":[{"type":"v2","addr":"10.0.0.1:3300","nonce":0},{"type":"v1","addr":"10.0.0.1:6789","nonce":0}]},"addr":"10.0.0.1:6789/0","public_addr":"10.0.0.1:6789/0"}],"quorum":[0]}`;
  assert.deepEqual(parseMonitors(one), { fsid: "67117051-4b98-4d6e-8eb9-7c539b39e90c", monitors: ["10.0.0.1:6789"] });
  const monitors = (mons: object[]) => parseMonitors(JSON.stringify({ fsid: "f", mons })).monitors;
  assert.deepEqual(monitors([{ addr: "[fd00::1]:6789/0" }, { addr: "10.0.0.2:6789/3" }]), ["[fd00::1]:6789", "10.0.0.2:6789"]);
  assert.deepEqual(monitors([{ public_addrs: { addrvec: [{ type: "v2", addr: "10.0.0.1:3300" }] } }]), ["10.0.0.1:3300"]);
});

test("what is not understood is an error that shows it, never an empty answer", () => {
  for (const parse of [parseImages, parseInfo, parseSnapshots, parseChildren, parseMonitors, parsePools]) {
    for (const stdout of ["", "no JSON", "null", "7"]) assert.throws(() => parse(stdout), /is not understood/);
  }
  assert.throws(() => parseImages(`[{"name":"u"}]`), /is not understood/);
  assert.throws(() => parseInfo(`{"size":"20 MiB"}`), /is not understood/);
});

test("progress", () => {
  assert.equal(parseRbdProgress("Importing image: 40% complete..."), 0.4);
  assert.equal(parseRbdProgress("Importing image: 100% complete...done."), 1);
  assert.equal(parseRbdProgress("rbd: import failed"), undefined);
});

test("addresses have four parts, decoded, none blank", () => {
  const address = { fsid: "f", pool: "images", image: "debian/13", snapshot: "snap" };
  assert.deepEqual(parseRbdAddress("rbd://f/images/debian%2F13/snap"), address);
  for (const wrong of [
    "rbd://f/images/a",
    "rbd://f/images/a/b/c",
    "rbd://f//a/b",
    "rbd:///images/a/b",
    "rbd://f/%/a/b",
    "http://f/images/a/b",
  ])
    assert.equal(parseRbdAddress(wrong), undefined, wrong);
});

test("what means something to qemu is escaped in names", () => {
  assert.equal(
    qemuRbdName({ access: { user: "cinder", conf: "/etc/a:b=c@d.conf" } }, { pool: "vms", image: "u_disk" }),
    "rbd:vms/u_disk:id=cinder:conf=/etc/a\\:b\\=c\\@d.conf",
  );
});

test("a guest gets monitors, user and secret", () => {
  const surroundings = {
    settings: { rbd: { pool: "vms", user: "cinder", conf: "/etc/ceph/ceph.conf", secretUuid: "457eb676-33da-42ec-9a8c-9293d545c337" } },
    facts: { storage: { rbd: { fsid: "f", monitors: ["10.0.0.1:6789", "[fd00::1]:6789"], pool: true } } },
  } as unknown as Surroundings;
  assert.deepEqual(backendOf("rbd").attachment({ uuid: "u", name: "disk" } as DiskSpec, surroundings), {
    type: "network",
    protocol: "rbd",
    format: "raw",
    source: "vms/u_disk",
    hosts: [
      { name: "10.0.0.1", port: "6789" },
      { name: "fd00::1", port: "6789" },
    ],
    auth: { user: "cinder", secretUuid: "457eb676-33da-42ec-9a8c-9293d545c337" },
  });
});
