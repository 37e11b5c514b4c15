import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGlanceAddress } from "../../../../src/tools/openstack/address.ts";
import type { Cloud } from "../../../../src/tools/openstack/cloud.ts";
import { parseGlanceImage } from "../../../../src/tools/openstack/image.ts";
import { sessionOf } from "../../../../src/tools/openstack/keystone.ts";

const id = "3f0e6a1c-53d5-4b0c-9b0e-6f2f6f0f6a11";

test("addresses of images: an id, a name, and an id at a service (Nova GCL-01)", () => {
  assert.deepEqual(parseGlanceAddress(`glance://${id}`), { image: { id }, endpoint: null });
  const capitals = id.toUpperCase();
  assert.deepEqual(parseGlanceAddress(`glance://${capitals}`), { image: { id: capitals }, endpoint: null });
  assert.equal(parseGlanceImage({ id: capitals, status: "active" })?.id, capitals);
  assert.deepEqual(parseGlanceAddress("glance://Debian%2013"), { image: { name: "Debian 13" }, endpoint: null });
  for (const path of [id, `v2/images/${id}`, `images/${id}`]) {
    assert.deepEqual(parseGlanceAddress(`glance://g:9292/${path}`), { image: { id }, endpoint: "https://g:9292" });
  }
  assert.deepEqual(parseGlanceAddress(`glance+http://g/image/v2/images/${id}`), { image: { id }, endpoint: "http://g/image" });
  for (const wrong of [
    "glance://",
    "glance://g:9292/name",
    `glance+http://${id}`,
    `glance:///${id}`,
    `glance://a@g/${id}`,
    "glance://%zz",
    "https://g",
  ]) {
    assert.equal(parseGlanceAddress(wrong), undefined, wrong);
  }
});

const cloud = { region: "R", interface: "public", imageEndpoint: null, keyManagerEndpoint: null } as Cloud;
const endpoint = (interfaceName: string, region: string, url: string) => ({ interface: interfaceName, region_id: region, url });
const token = (endpoints: unknown) => ({
  token: {
    expires_at: "2030-01-01T00:00:00Z",
    project: { id: "p" },
    catalog: [
      { type: "identity", endpoints: [] },
      { type: "image", endpoints },
      { type: "key-manager", endpoints: [endpoint("public", "R", "https://keys:9311/v1/"), endpoint("public", "S", "https://other")] },
    ],
    user: { id: "u" },
    roles: [{ name: "member" }, { id: "r" }],
  },
});

test("the image service is that of the region and the interface, without its version", () => {
  const endpoints = [
    endpoint("public", "R", "https://g1:9292/v2/"),
    endpoint("public", "R", "https://g2:9292"),
    endpoint("internal", "R", "http://g3"),
    endpoint("public", "S", "https://g4"),
  ];
  const session = sessionOf(cloud, "t", token(endpoints));
  assert.deepEqual(session, {
    token: "t",
    expires: Date.parse("2030-01-01T00:00:00Z"),
    project: "p",
    user: "u",
    roles: ["member"],
    images: ["https://g1:9292", "https://g2:9292"],
    keyManager: "https://keys:9311",
  });
  const without = sessionOf({ ...cloud, region: null }, "t", token([endpoint("internal", "S", "http://g0"), ...endpoints]));
  assert.deepEqual((without as { images: unknown }).images, ["https://g1:9292", "https://g2:9292"], "another region has another service");
  const text = (other: Partial<Cloud>, body: unknown = token(endpoints)) => sessionOf({ ...cloud, ...other }, "t", body);
  assert.match(String(text({ region: "T" })), /no image service in region T, but in R, S/);
  assert.match(String(text({ interface: "admin" })), /no usable admin address/);
  assert.match(String(text({}, { token: {} })), /without a catalogue/);
  assert.match(String(text({}, token([endpoint("public", "R", "ftp://g")]))), /no usable public address/);
  for (const url of ["https://g:99999999", "https://u:p@g", `https://g${"/".repeat(100_000)}`])
    assert.match(String(text({}, token([endpoint("public", "R", url)]))), /no usable public address/);
  assert.match(String(text({}, token("nothing"))), /has no image service/);
  assert.deepEqual((text({ imageEndpoint: "https://own/v2" }, { token: {} }) as { images: unknown }).images, ["https://own"]);
});

test("what Glance says about an image is read within limits", () => {
  const image = parseGlanceImage({
    id,
    name: "debian",
    status: "active",
    disk_format: "qcow2",
    size: 5,
    min_disk: 2,
    min_ram: 64,
    visibility: "public",
    protected: true,
    os_hash_algo: "sha512",
    os_hash_value: "AB".repeat(64),
    locations: [{ url: "rbd://f/p/i/s" }, { url: 5 }, null],
    tags: ["a", 5],
    hw_disk_bus: "scsi",
    odd: { a: 1 },
    long: "x".repeat(70_000),
    schema: "/v2/schemas/image",
  });
  assert.equal(image?.minDisk, 2 * 2 ** 30);
  assert.equal(image?.minRam, 64 * 2 ** 20);
  assert.deepEqual(image?.hash, { algorithm: "sha512", hex: "ab".repeat(64) });
  assert.deepEqual(image?.properties, { hw_disk_bus: "scsi" });
  assert.deepEqual(image?.locations, ["rbd://f/p/i/s"]);
  assert.deepEqual(image?.tags, ["a"]);
  assert.equal(parseGlanceImage({ id, status: "active", size: -1, min_disk: 1.5 })?.size, null);
  for (const wrong of [null, [], "text", {}, { id: "../x", status: "active" }, { id, status: 5 }])
    assert.equal(parseGlanceImage(wrong), undefined);
});
