import assert from "node:assert/strict";
import { test } from "node:test";
import { keyRing } from "../../../../src/tools/openpgp/key-ring.ts";

const packets = Buffer.from([0x98, 0x03, 1, 2, 3]);
const armor = (kind: string, bytes: Buffer) =>
  `-----BEGIN PGP ${kind} KEY BLOCK-----\nComment: of a test\n\n${bytes.toString("base64")}\n=aBcD\n-----END PGP ${kind} KEY BLOCK-----\n`;

test("keys are read armored or binary, one block or several, with lines around them", () => {
  assert.deepEqual(keyRing(packets), packets);
  const two = `about these keys\n${armor("PUBLIC", packets)}\nand\r\n${armor("PUBLIC", packets).replaceAll("\n", "\r\n")}`;
  assert.deepEqual(keyRing(Buffer.from(two)), Buffer.concat([packets, packets]));
});

test("files without public keys are said to be so", () => {
  for (const content of ["", "-----BEGIN PGP PUBLIC KEY BLOCK-----", "ssh-ed25519 AAAA"])
    assert.equal(keyRing(Buffer.from(content)), "holds no OpenPGP public key");
  assert.equal(keyRing(Buffer.from(armor("PRIVATE", Buffer.from([0x94, 1])))), "holds a private key");
  assert.equal(keyRing(Buffer.from([0x94, 1, 2])), "holds a private key");
});
