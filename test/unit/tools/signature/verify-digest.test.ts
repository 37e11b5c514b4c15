import assert from "node:assert/strict";
import { constants, createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { test } from "node:test";
import { imageSignature } from "../../../../src/tools/signature/image-signature.ts";
import { verifyDigest } from "../../../../src/tools/signature/verify-digest.ts";

const algorithms = ["sha224", "sha256", "sha384", "sha512"] as const;
const pairs: readonly (readonly [name: string, pair: { publicKey: KeyObject; privateKey: KeyObject }, options: object])[] = [
  [
    "RSA 2048, longest salt",
    generateKeyPairSync("rsa", { modulusLength: 2048 }),
    { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN },
  ],
  [
    "RSA 2049, salt of the digest",
    generateKeyPairSync("rsa", { modulusLength: 2049 }),
    { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  ],
  ["RSA 2055", generateKeyPairSync("rsa", { modulusLength: 2055 }), { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 0 }],
  ["DSA", generateKeyPairSync("dsa", { modulusLength: 2048, divisorLength: 256 }), {}],
  ...["P-256", "P-384", "P-521"].map((namedCurve) => [namedCurve, generateKeyPairSync("ec", { namedCurve }), {}] as const),
];
const data = randomBytes(1000);

for (const [name, { publicKey, privateKey }, options] of pairs) {
  test(`a digest that OpenSSL signed is accepted, and nothing else: ${name}`, () => {
    // Curves are slow.
    for (const algorithm of name.startsWith("P-") ? algorithms.slice(2) : algorithms) {
      const signature = sign(algorithm, data, { key: privateKey, ...options });
      const digest = createHash(algorithm).update(data).digest();
      assert.ok(verifyDigest(publicKey, { algorithm, digest, signature }), algorithm);
      const otherDigest = Buffer.from(digest);
      otherDigest[0] = (otherDigest[0] ?? 0) ^ 1;
      assert.ok(!verifyDigest(publicKey, { algorithm, digest: otherDigest, signature }));
      for (const at of [0, 5, signature.length - 1]) {
        const changed = Buffer.from(signature);
        changed[at] = (changed[at] ?? 0) ^ 4;
        assert.ok(!verifyDigest(publicKey, { algorithm, digest, signature: changed }), `byte ${at}`);
      }
      for (const wrong of [
        Buffer.alloc(0),
        Buffer.alloc(256),
        signature.subarray(1),
        Buffer.from([0x30, 6, 2, 1, 0, 2, 1, 0]),
        randomBytes(70),
      ]) {
        assert.ok(!verifyDigest(publicKey, { algorithm, digest, signature: wrong }));
      }
    }
  });
}

test("a signature of another key or with the padding of PKCS #1 v1.5 is not accepted", () => {
  const [first, second] = [pairs[0]?.[1], pairs[1]?.[1]];
  const digest = createHash("sha256").update(data).digest();
  assert.ok(first !== undefined && second !== undefined);
  const plain = sign("sha256", data, { key: first.privateKey, padding: constants.RSA_PKCS1_PADDING });
  assert.ok(!verifyDigest(first.publicKey, { algorithm: "sha256", digest, signature: plain }));
  const other = sign("sha256", data, { key: first.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING });
  assert.ok(!verifyDigest(second.publicKey, { algorithm: "sha256", digest, signature: other }));
});

test("the signature of an image is read from its properties", () => {
  const properties = { img_signature: "AAAA", img_signature_hash_method: "SHA-384", img_signature_key_type: "ECC_SECP521R1" };
  assert.deepEqual(imageSignature(properties), { algorithm: "sha384", keyType: "ec", curve: "secp521r1", signature: "AAAA" });
  assert.equal(imageSignature({ os_type: "linux" }), null);
  assert.match(String(imageSignature({ img_signature: "AAAA" })), /has only some of them/);
  assert.match(String(imageSignature({ ...properties, img_signature_hash_method: "MD5" })), /MD5; SHA-224/);
  assert.match(String(imageSignature({ ...properties, img_signature_key_type: "ECC_SECT571K1" })), /ECC_SECT571K1; RSA-PSS/);
  assert.match(String(imageSignature({ ...properties, img_signature: "<>" })), /not base64/);
});
