import assert from "node:assert/strict";
import { test } from "node:test";
import { hasIgnored, unpackTrouble } from "../../../src/host/unpack-trouble.ts";
import type { Compression } from "../../../src/model/packing.ts";

const summaryOf = (compression: Compression, said: string, code = 1) =>
  unpackTrouble("/a/disk", compression, { missing: false, code, said }).message;

test("a packed file that needs too much memory is answered with how to unpack it, and not called damaged", () => {
  for (const [compression, said] of [
    [
      "zst",
      "/*stdin*\\ : Decoding error (36) : Frame requires too much memory for decoding \nWindow size larger than maximum : 2147483648 > 536870912",
    ],
    ["xz", "xz: (stdin): Memory usage limit reached\nxz: (stdin): 1,537 MiB of memory is required. The limit is 512 MiB."],
  ] as const) {
    const message = summaryOf(compression, said);
    assert.match(message, /needs more memory than the 512MiB that may be used/);
    assert.match(message, /unpack it with (?:zstd|xz) first/);
    assert.doesNotMatch(message, /damaged|cut off/);
  }
});

test("what follows the data is named as that, whether the program failed for it or not", () => {
  for (const [compression, said, code] of [
    ["bz2", "\nbzip2: (stdin): trailing garbage after EOF ignored\n", 0],
    ["gz", "\ngzip: stdin: decompression OK, trailing garbage ignored\n", 2],
    ["gz", "gzip: stdin has more than one entry--rest ignored\n", 2],
  ] as const) {
    assert.ok(hasIgnored(said));
    assert.match(summaryOf(compression, said, code), /\/a\/disk has something else behind its \w+ data/);
  }
  assert.equal(hasIgnored("xz: (stdin): Unexpected end of input"), false);
});
