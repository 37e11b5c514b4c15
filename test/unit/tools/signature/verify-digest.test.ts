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

test("numbers of a signature out of range or not in their shortest form are not accepted", () => {
  const digest = createHash("sha384").update(data).digest();
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const flat = sign("sha384", data, { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("hex");
  const [r, s] = [BigInt(`0x${flat.slice(0, 96)}`), BigInt(`0x${flat.slice(96)}`)];
  const order = 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n;
  const verify = (signature: Buffer) => verifyDigest(publicKey, { algorithm: "sha384", digest, signature });
  assert.ok(verify(signatureOf(integer(r), integer(s))));
  for (const other of [r + order, order, 0n]) assert.ok(!verify(signatureOf(integer(other), integer(s))), `r ${other}`);
  for (const other of [s + order, order, 0n]) assert.ok(!verify(signatureOf(integer(r), integer(other))), `s ${other}`);
  assert.ok(!verify(signatureOf(integer(r, "00"), integer(s))), "an additional zero");
  assert.ok(!verify(Buffer.concat([signatureOf(integer(r), integer(s)), Buffer.alloc(1)])), "an additional byte");
});

test("a key of another kind or curve accepts nothing", () => {
  const digest = createHash("sha256").update(data).digest();
  for (const { publicKey, privateKey } of [
    generateKeyPairSync("ec", { namedCurve: "brainpoolP256r1" }),
    generateKeyPairSync("ec", { namedCurve: "secp256k1" }),
  ])
    assert.equal(verifyDigest(publicKey, { algorithm: "sha256", digest, signature: sign("sha256", data, privateKey) }), false);
  const { publicKey } = generateKeyPairSync("ed25519");
  assert.equal(verifyDigest(publicKey, { algorithm: "sha256", digest, signature: Buffer.alloc(64) }), false);
});

test("the signature of an image is read from its properties", () => {
  const properties = { img_signature: "AAAA", img_signature_hash_method: "SHA-384", img_signature_key_type: "ECC_SECP521R1" };
  assert.deepEqual(imageSignature(properties), { algorithm: "sha384", keyType: "ec", curve: "secp521r1", signature: "AAAA" });
  assert.equal(imageSignature({ os_type: "linux" }), null);
  assert.match(String(imageSignature({ img_signature: "AAAA" })), /has only some of them/);
  assert.match(String(imageSignature({ ...properties, img_signature_hash_method: "MD5" })), /MD5; SHA-224/);
  assert.match(String(imageSignature({ ...properties, img_signature_key_type: "ECC_SECT571K1" })), /ECC_SECT571K1; RSA-PSS/);
  assert.match(String(imageSignature({ ...properties, img_signature: "<>" })), /not base64/);
  for (const inherited of ["constructor", "__proto__", "toString"]) {
    assert.equal(typeof imageSignature({ ...properties, img_signature_hash_method: inherited }), "string", inherited);
    assert.equal(typeof imageSignature({ ...properties, img_signature_key_type: inherited }), "string", inherited);
  }
  assert.match(String(imageSignature({ ...properties, img_signature: `${" ".repeat(60_000)}!` })), /not base64/);
});

/** INTEGER in DER; `padding` is put before its bytes. */
function integer(value: bigint, padding = ""): Buffer {
  const hex = value.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  const bytes = Buffer.from(`${padding}${Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? "00" : ""}${even}`, "hex");
  return Buffer.concat([Buffer.from([0x02, bytes.length]), bytes]);
}

/** A signature whose numbers are these. */
function signatureOf(r: Buffer, s: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x30, r.length + s.length]), r, s]);
}

test("a signature without its leading zero is not accepted", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 1025 });
  const key = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 0 };
  for (let count = 0; ; count += 1) {
    const content = Buffer.from(`content ${count}`);
    const signature = sign("sha256", content, key);
    if (signature[0] !== 0) continue;
    const digest = createHash("sha256").update(content).digest();
    assert.ok(verifyDigest(publicKey, { algorithm: "sha256", digest, signature }));
    assert.ok(!verifyDigest(publicKey, { algorithm: "sha256", digest, signature: signature.subarray(1) }));
    return;
  }
});
