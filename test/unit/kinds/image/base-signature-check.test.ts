import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { checkBaseSignature } from "../../../../src/kinds/image/base-signature-check.ts";
import type { ImageSidecar, ImageSpec } from "../../../../src/kinds/image/spec.ts";
import type { SourceFacts } from "../../../../src/model/host-facts.ts";
import type { Observed } from "../../../../src/model/observed.ts";

/** The certificate of a key on the curve P-384, and the signature that this key made of `content of an image` (made with OpenSSL). */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBtDCCATqgAwIBAgIUHGrlrZIN/0kTYzjBiNuatRroNmwwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGc2lnbmVyMB4XDTI2MTEyOTIwMDQzOFoXDTI2MTEzMDIwMDQz
OFowETEPMA0GA1UEAwwGc2lnbmVyMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE4PwL
Ko0Qb7xJ2g9r/fYE8HLINsDA+o98dz2oC0BmeiqXuNkqKi3lDQS5H0/cexZ8yFjj
VunIT9riI3wwlqaRol23pI7NidQhirI916Lg5S/qwCWxdZJ9/jth1eavRxWRo1Mw
UTAdBgNVHQ4EFgQU+VQabFqNr1sov3vHlVEPkgB2bl8wHwYDVR0jBBgwFoAU+VQa
bFqNr1sov3vHlVEPkgB2bl8wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNo
ADBlAjEAt4OD9wX86S4m5TMlM8MLedqZJVbemRhFAnRbCTsF8gHnk4pITV1ZZBdG
NSVwpjayAjBcWIpRdfuoXriomz/kVrmff0e2OeXiAWiBQkQ5sZZt4rpZLG4I19hk
hG4SlJPQ1G8=
-----END CERTIFICATE-----`;
const signature =
  "MGQCMGmypwA32daQnTf24VQhyPxcJulc2dL26FwOhUc96Hg0rY7w80n/RfiK88QL+62U+gIwMZ48Vf27kNic0FP136i5gSr7oPp5VSERpIllZE1MggSpP6MeZvHbaUwN5T8E40gN";
const sha256 = createHash("sha256").update("content of an image").digest("hex");

const properties = {
  img_signature: signature,
  img_signature_hash_method: "SHA-256",
  img_signature_key_type: "ECC_SECP384R1",
  img_signature_certificate_uuid: "11111111-2222-4333-8444-555555555555",
};

function codes(record: Partial<ImageSidecar>, source: Partial<SourceFacts>, required = false): string[] {
  const spec = {
    name: "golden",
    entry: "e",
    source: "glance://golden",
    found: { properties },
    signers: { required },
  } as unknown as ImageSpec;
  const facts = { sources: { "glance://golden": source } };
  const observed = { facts, get: () => ({ sidecar: { digests: { sha256 }, ...record } }) } as unknown as Observed;
  return checkBaseSignature({ address: "image/golden", spec }, observed).map(({ severity, code }) => `${severity} ${code}`);
}

test("a base image that was fetched before signatures were asked for is compared with its signature by its recorded digest", () => {
  const signers = [certificate];
  assert.deepEqual(codes({}, { signers }), []);
  assert.deepEqual(codes({ digests: { sha256: "ab".repeat(32) } }, { signers }), ["error image-signature-wrong"]);
  assert.deepEqual(codes({ digests: { sha512: "ab" } as never }, { signers }), ["warning image-signature-unknown"]);
  assert.deepEqual(codes({}, {}), ["warning image-signature-unknown"]);
  assert.deepEqual(codes({}, {}, true), ["error image-signature-unknown"]);
});

test("a base image whose signature was checked when it was fetched needs no certificate any more, and another signature is a warning", () => {
  const signers = [certificate];
  assert.deepEqual(codes({ signatureChecked: true }, { signers }), []);
  assert.deepEqual(codes({ signatureChecked: true, digests: { sha256: "ab".repeat(32) } }, { signers }), ["warning image-signer-changed"]);
  assert.deepEqual(codes({ signatureChecked: true }, {}, true), []);
});
