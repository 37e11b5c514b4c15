import assert from "node:assert/strict";
import { test } from "node:test";
import { withSourceImages } from "../../../../src/kinds/config/with-source-images.ts";
import type { Config } from "../../../../src/kinds/config.ts";
import type { HostFacts } from "../../../../src/model/host-facts.ts";

const source = "glance://3f0e6a1c-53d5-4b0c-9b0e-6f2f6f0f6a11";
const location = "rbd://fsid/images/3f0e6a1c-53d5-4b0c-9b0e-6f2f6f0f6a11/snap";
const signature = { img_signature: "AAAA", img_signature_hash_method: "SHA-256", img_signature_key_type: "RSA-PSS" };

/** The locations that disks may be cloned from, for an image of Glance in Ceph. */
function locationsOf(properties: Readonly<Record<string, string>>, certificates: readonly string[], own?: readonly string[]) {
  const config = {
    images: { debian: { source, ...(own === undefined ? {} : { locations: own }) } },
    ...(certificates.length === 0 ? {} : { glance: { trusted_certificates: certificates } }),
  } as unknown as Config;
  const image = { diskFormat: "raw", minDisk: 0, minRam: 0, locations: [location], properties };
  const facts = { sources: { [source]: { image } } } as unknown as HostFacts;
  return withSourceImages(config, facts).images?.["debian"]?.locations;
}

test("disks are cloned from where Glance stores an image, unless its signature has to be checked", () => {
  assert.deepEqual(locationsOf({}, []), [location]);
  assert.deepEqual(locationsOf(signature, []), [location]);
  assert.deepEqual(locationsOf({}, ["/signers.pem"]), [location]);
  assert.equal(locationsOf(signature, ["/signers.pem"]), undefined);
  assert.equal(locationsOf({ img_signature: "AAAA" }, ["/signers.pem"]), undefined);
  assert.deepEqual(locationsOf(signature, ["/signers.pem"], ["rbd://own/p/i/s"]), ["rbd://own/p/i/s"]);
});
