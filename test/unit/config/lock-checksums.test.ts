import assert from "node:assert/strict";
import { test } from "node:test";
import { setChecksums } from "../../../src/config/lock-checksums.ts";
import { UserError } from "../../../src/model/errors.ts";

const a = `sha256:${"a".repeat(64)}`;
const b = `sha256:${"b".repeat(64)}`;

const file = `# top
project: shop   # ours

images:
  # the one everybody uses
  debian-13:   # here
    source: "https://example.org/debian.qcow2"   # where

    # what
    disk_format:   qcow2
  flow: {source: ./flow.raw,   disk_format: raw}   # short
  old:
      disk_format: raw
      checksum:   'sha256:00'   # stale
      source: x
  empty:
    checksum:
    disk_format: raw
    source: >-
      x
  "quoted": { source: x, checksum: sha512:00, disk_format: raw }
flavors: {a:  {vcpus: 1}}
`;

test("checksums are written and nothing else changes", () => {
  const names = ["debian-13", "flow", "old", "empty", "quoted", "declared elsewhere"];
  const edited = setChecksums(file, new Map(names.map((name) => [name, a])));
  const expected = file
    .replace('debian.qcow2"   # where\n', `debian.qcow2"   # where\n    checksum: ${a}\n`)
    .replace("{source: ./flow.raw,", `{source: ./flow.raw, checksum: ${a},`)
    .replace("'sha256:00'", a)
    .replace("checksum:\n", `checksum: ${a}\n`)
    .replace("sha512:00", a);
  assert.equal(edited, expected);
});

test("beside a signed file, its digest is written", () => {
  const text = `images:
  ubuntu:
    source: https://example.org/u.img
    checksum:
      file: https://example.org/SHA256SUMS # signed
      key: ./u.asc
  flow: { source: x, checksum: { file: ./S, key: ./k } }
  old: { checksum: { file: ./S, digest: sha256:00, key: ./k }, source: x }
`;
  const digests = new Map(["ubuntu", "flow", "old"].map((name) => [name, a]));
  const edited = setChecksums(text, digests);
  const expected = text
    .replace("# signed\n", `# signed\n      digest: ${a}\n`)
    .replace("x, checksum: { file: ./S,", `x, checksum: { file: ./S, digest: ${a},`)
    .replace("sha256:00", a);
  assert.equal(edited, expected);
  assert.equal(setChecksums(edited, digests), edited);
});

test("writing a checksum that is present changes no byte", () => {
  const once = setChecksums(
    file,
    new Map([
      ["debian-13", a],
      ["old", b],
    ]),
  );
  assert.equal(
    setChecksums(
      once,
      new Map([
        ["debian-13", a],
        ["old", b],
      ]),
    ),
    once,
  );
  assert.equal(setChecksums(file, new Map()), file);
  assert.notEqual(setChecksums(once, new Map([["old", a]])), once);
});

test("byte order mark, Windows line ends and a missing last line end stay", () => {
  const text = "\uFEFFimages:\r\n  a:\r\n    disk_format: raw\r\n    source: x";
  assert.equal(setChecksums(text, new Map([["a", a]])), `${text}\r\n    checksum: ${a}`);
  const middle = "images:\r\n  a:\r\n    source: x # y\r\n    disk_format: raw\r\n";
  assert.equal(setChecksums(middle, new Map([["a", a]])), middle.replace("# y\r\n", `# y\r\n    checksum: ${a}\r\n`));
});

test("flow mappings over several lines", () => {
  const text = "images: {\n  a: {\n    source: x,   # y\n    disk_format: raw,\n  },\n}\n";
  assert.equal(setChecksums(text, new Map([["a", a]])), text.replace("source: x,", `source: x, checksum: ${a},`));
});

test("a file without images is left alone", () => {
  assert.equal(setChecksums("project: shop\n", new Map([["a", a]])), "project: shop\n");
});

for (const [name, text] of Object.entries({
  "an alias": "images:\n  b: &b { source: x, disk_format: raw }\n  a: *b\n",
  "an anchored checksum":
    "images:\n  a: { source: x, checksum: &c sha256:00, disk_format: raw }\n  b: { source: y, checksum: *c, disk_format: raw }\n",
  "an aliased checksum":
    "images:\n  b: { source: x, checksum: &c sha256:00, disk_format: raw }\n  a: { source: y, checksum: *c, disk_format: raw }\n",
  "a folded source": "images:\n  a:\n    source: >-\n      x\n    disk_format: raw\n",
})) {
  test(`refused: ${name}`, () => {
    assert.throws(() => setChecksums(text, new Map([["a", a]])), UserError);
  });
}
