import assert from "node:assert/strict";
import { test } from "node:test";
import { isoImage } from "../../../src/tools/iso9660/iso9660.ts";
import { readIsoFile } from "../../../src/tools/iso9660/read-file.ts";

const files = new Map([
  ["openstack/latest/user_data", Buffer.from("#cloud-config\npackages: [ nginx ]\n")],
  ["openstack/latest/meta_data.json", Buffer.from("{}")],
  ["openstack/2025-04-04/user_data", Buffer.from("#cloud-config\npackages: [ nginx ]\n")],
  ...Array.from({ length: 60 }, (_, index) => [`openstack/content/file-with-a-long-name-${index}`, Buffer.from(`${index}`)] as const),
  ["empty", Buffer.alloc(0)],
  ["large", Buffer.alloc(300 * 1024, "x")],
]);
const image = isoImage("config-2", files);
const reading = (bytes: Buffer) => async (range: { readonly offset: number; readonly length: number }) =>
  bytes.subarray(range.offset, range.offset + range.length);

test("a file of an image is read by its path, also from a directory of several sectors", async () => {
  for (const path of ["openstack/latest/user_data", "openstack/content/file-with-a-long-name-59", "empty"])
    assert.deepEqual(await readIsoFile(reading(image), path), files.get(path), path);
});

test("missing, oversized and damaged files of an ISO are not read", async () => {
  assert.equal(await readIsoFile(reading(image), "openstack/latest/vendor_data"), undefined);
  assert.equal(await readIsoFile(reading(image), "nothing/at/all"), undefined);
  assert.equal(await readIsoFile(reading(image), "large"), undefined);
  assert.equal(await readIsoFile(async () => undefined, "empty"), undefined);
  assert.equal(await readIsoFile(reading(image.subarray(0, 18 * 2048)), "openstack/latest/user_data"), undefined, "cut short");
  assert.equal(await readIsoFile(reading(Buffer.alloc(image.length)), "openstack/latest/user_data"), undefined, "no volume");
  // Descriptors, path tables and directories.
  for (let at = 16 * 2048; at < 60 * 2048; at += 397) {
    const damaged = Buffer.from(image);
    damaged.fill(0xff, at, at + 40);
    await readIsoFile(reading(damaged), "openstack/latest/user_data");
  }
});
