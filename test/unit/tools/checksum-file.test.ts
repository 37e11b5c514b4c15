import assert from "node:assert/strict";
import { test } from "node:test";
import { listedDigest } from "../../../src/tools/checksum-file.ts";

const [a, b] = ["a".repeat(64), "b".repeat(64)];
const long = "c".repeat(128);

test("files of coreutils and of BSD are read, and the strongest common digest is taken", () => {
  const sha256 = { algorithm: "sha256", hex: a };
  assert.deepEqual(listedDigest(`${b}  other\n${a} *disk.img\n`, ["disk.img"]), sha256);
  assert.deepEqual(listedDigest(`${a.toUpperCase()}\t./disk.img\r\n`, ["disk.img"]), sha256);
  assert.deepEqual(listedDigest(`# disk.img: 1 bytes\nSHA256 (disk.img) = ${a}\nSHA512 (disk.img) = ${long}\n`, ["disk.img"]), sha256);
  assert.deepEqual(listedDigest(`SHA512 (disk.img) = ${long}`, ["disk.img"]), { algorithm: "sha512", hex: long });
  assert.deepEqual(listedDigest(`\\${a}  two\\nlines\n`, ["two\nlines"]), sha256);
});

test("a name below the directory of the file comes first, then the plain name, then one in another directory", () => {
  const text = `${a}  amd64/disk.img\n${b}  disk.img\n`;
  assert.deepEqual(listedDigest(text, ["amd64/disk.img", "disk.img"]), { algorithm: "sha256", hex: a });
  assert.deepEqual(listedDigest(text, ["disk.img"]), { algorithm: "sha256", hex: b });
  assert.deepEqual(listedDigest(`${a}  deep/disk.img\n`, ["disk.img"]), { algorithm: "sha256", hex: a });
});

test("a file that is not listed, is listed twice or has only a weak digest has no digest", () => {
  assert.equal(listedDigest("", ["disk.img"]), undefined);
  assert.equal(
    listedDigest(`${a}  disk.img.sig\n${"d".repeat(32)}  disk.img\n${"d".repeat(40)}  disk.img\nMD5 (disk.img) = ${"d".repeat(32)}`, [
      "disk.img",
    ]),
    undefined,
  );
  assert.match(String(listedDigest(`${a}  disk.img\n${b}  disk.img\n`, ["disk.img"])), /with different sha256 digests/);
  assert.match(String(listedDigest(`${a}  x/disk.img\n${b}  y/disk.img\n`, ["disk.img"])), /with different sha256 digests/);
});
