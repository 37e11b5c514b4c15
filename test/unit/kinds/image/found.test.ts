import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../../src/kinds/config.ts";
import { hostSettings } from "../../../../src/kinds/host/settings.ts";
import type { SourceImage } from "../../../../src/model/source-image.ts";
import { factsWith, observedOf, planFor, runner } from "../../drivers/planning.ts";

const source = "glance://8d66f1b2-0000-4000-8000-000000000001";
const inGlance: SourceImage = {
  id: "8d66f1b2-0000-4000-8000-000000000001",
  name: "debian 13",
  status: "active",
  diskFormat: "qcow2",
  containerFormat: "bare",
  size: 400 * 2 ** 20,
  virtualSize: 3 * 2 ** 30,
  minDisk: 0,
  minRam: 0,
  owner: "p1",
  visibility: "public",
  protected: false,
  digest: null,
  locations: [],
  properties: {},
};
const signature = { img_signature: "YWJj", img_signature_hash_method: "SHA-256", img_signature_key_type: "RSA-PSS" };

/** What the plan says about an image with these fields in Glance. */
function planned(found: Partial<SourceImage>, image: object = {}, more: Config = {}): string[] {
  return planWith(found, image, more).diagnostics.map(
    ({ severity, code, summary, detail }) => `${severity} ${code}: ${summary}. ${detail}`,
  );
}

function planWith(found: Partial<SourceImage>, image: object, more: Config = {}) {
  const config: Config = { project: "shop", images: { debian: { source, ...image } }, ...more } as Config;
  const facts = { ...factsWith(), sources: { [source]: { way: null, bytes: inGlance.size, image: { ...inGlance, ...found } } } };
  return planFor(config, hostSettings(config, runner), observedOf(facts));
}

const trusted: Config = { glance: { trusted_certificates: ["/signer.pem"] } };

test("an image of Glance that is complete has no findings; its format has to be one that is known, and that of the file", () => {
  assert.deepEqual(planned({}), []);
  assert.match(planned({ diskFormat: null })[0] ?? "", /^error image-format-unsupported: .*Glance says nothing/);
  assert.match(planned({ diskFormat: "docker" })[0] ?? "", /^error image-format-unsupported: .*Glance says docker/);
  assert.match(planned({}, { disk_format: "raw" })[0] ?? "", /^error image-format-mismatch: .*Glance says qcow2, and the file says raw/);
});

test("an OVA in Glance is unpacked as one, and what is compressed there needs to be said how", () => {
  const packed = (found: Partial<SourceImage>, image: object = {}) =>
    planWith(found, image).changes[0]?.fields.find(({ path }) => path === "unpack")?.new;
  assert.equal(packed({ containerFormat: "ova", diskFormat: "vmdk" }), "ova");
  assert.equal(packed({ containerFormat: "ova", diskFormat: "vmdk" }, { unpack: "tar" }), "tar");
  assert.equal(packed({ containerFormat: "bare" }), undefined);
  assert.match(planned({ containerFormat: "compressed" })[0] ?? "", /^error image-packed: .*is packed in Glance.*Write unpack: gz/);
  assert.deepEqual(planned({ containerFormat: "compressed" }, { unpack: "xz" }), []);
});

test("properties of Glance that virtform does not follow are one warning with the reason of each; those of other programs are none", () => {
  assert.deepEqual(planned({ properties: { build: "7", os_distro: "debian", hw_disk_bus: "virtio" } }), []);
  const [warning = "", ...more] = planned({ properties: { hw_disk_bus: "floppy-tape", build: "7" } });
  assert.match(
    warning,
    /^warning image-property-ignored: Image debian has properties in Glance that no guest gets\. hw_disk_bus: .*"floppy-tape"/,
  );
  assert.deepEqual(more, []);
});

test("Nova GCL-14: signatures that are not checked are a warning; where certificates are trusted, an incomplete one is an error", () => {
  const { img_signature: _missing, ...incomplete } = signature;
  assert.match(planned({ properties: signature })[0] ?? "", /^warning image-signature-unchecked: .*trusted_certificates/);
  assert.deepEqual(planned({ properties: signature }, {}, trusted), []);
  for (const [properties, why] of [
    [incomplete, /only some of them/],
    [{ ...signature, img_signature_hash_method: "MD5" }, /hash_method is MD5; SHA-224/],
    [{ ...signature, img_signature_key_type: "ECC_SECT571K1" }, /key_type is ECC_SECT571K1; RSA-PSS/],
    [{ ...signature, img_signature: "***" }, /not base64/],
  ] as const) {
    const [error = "", ...more] = planned({ properties }, {}, trusted);
    assert.match(error, /^error image-signature-invalid: The signature of image debian cannot be checked/);
    assert.match(error, why);
    assert.deepEqual(more, []);
  }
  const required = { glance: { ...trusted.glance, verify_glance_signatures: true } };
  assert.match(planned({}, {}, required)[0] ?? "", /^error image-unsigned: /);
});

test("locations of an image that is not raw are a warning, since a clone has the bytes of the image", () => {
  const image = { locations: ["rbd://fsid/images/debian/snap"] };
  assert.match(planned({}, image)[0] ?? "", /^warning image-location-unused: .*It is qcow2.*fetched from its source/);
});
