import assert from "node:assert/strict";
import { test } from "node:test";
import type { DiskSpec, Surroundings } from "../../../src/drivers/driver.ts";
import { driverOf } from "../../../src/drivers/index.ts";
import { parseRbdAddress } from "../../../src/tools/rbd/address.ts";
import { parseMonitors } from "../../../src/tools/rbd/ceph-monitors.ts";
import { qemuRbdName } from "../../../src/tools/rbd/rbd.ts";

test("monitors by the address of the first protocol, of old and new clusters, with IPv6", () => {
  const one = `{"epoch":1,"fsid":"67117051-4b98-4d6e-8eb9-7c539b39e90c","mons":[{"rank":0,"name":"a","public_addrs":{"addrvec":[{"type":"v2","addr":"10.0.0.1:3300","nonce":0},{"type":"v1","addr":"10.0.0.1:6789","nonce":0}]},"addr":"10.0.0.1:6789/0","public_addr":"10.0.0.1:6789/0"}],"quorum":[0]}`;
  assert.deepEqual(parseMonitors(one), { fsid: "67117051-4b98-4d6e-8eb9-7c539b39e90c", monitors: ["10.0.0.1:6789"] });
  const monitors = (mons: object[]) => parseMonitors(JSON.stringify({ fsid: "f", mons })).monitors;
  assert.deepEqual(monitors([{ addr: "[fd00::1]:6789/0" }, { addr: "10.0.0.2:6789/3" }]), ["[fd00::1]:6789", "10.0.0.2:6789"]);
  assert.deepEqual(monitors([{ public_addrs: { addrvec: [{ type: "v2", addr: "10.0.0.1:3300" }] } }]), ["10.0.0.1:3300"]);
});

test("monitors that are not understood are an error that shows it, never an empty answer", () => {
  for (const text of ["", "no JSON", "null", "7", "[]", '{"fsid":"f"}', '{"fsid":"f","mons":[{}]}'])
    assert.throws(() => parseMonitors(text), /is not understood/);
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
    settings: {
      drivers: { rbd: { pool: "vms", user: "cinder", conf: "/etc/ceph/ceph.conf", secretUuid: "457eb676-33da-42ec-9a8c-9293d545c337" } },
    },
    facts: { drivers: { rbd: { fsid: "f", monitors: ["10.0.0.1:6789", "[fd00::1]:6789"], pool: true } } },
  } as unknown as Surroundings;
  assert.deepEqual(driverOf("rbd").attachment({ uuid: "u", name: "disk" } as DiskSpec, surroundings), {
    type: "network",
    protocol: "rbd",
    format: "raw",
    source: "vms/u_disk",
    hosts: [
      { name: "10.0.0.1", port: "6789" },
      { name: "fd00::1", port: "6789" },
    ],
    auth: { user: "cinder", secretUuid: "457eb676-33da-42ec-9a8c-9293d545c337" },
    secretUuid: null,
  });
});
