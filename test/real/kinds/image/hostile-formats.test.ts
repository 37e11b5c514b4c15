import { execFileSync } from "node:child_process";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { ImageSpec } from "../../../../src/kinds/image/spec.ts";
import { imageOf, patch, qemuImg, rawDisk, temporary, u32be, u64be, u64le } from "./images.ts";
import { type Case, sha256, tryAll } from "./try-images.ts";

/** Makes a case of a file that `make` writes below `directory`. */
type Add = (name: string, expected: Case["expected"], make: (path: string) => string | undefined, changes?: Partial<ImageSpec>) => void;

/** Files are named after the number of the case. */
function collector(directory: string): { readonly cases: Case[]; readonly add: Add } {
  const cases: Case[] = [];
  const add: Add = (name, expected, make, changes = {}) => {
    const path = join(directory, `case-${cases.length}`);
    cases.push({ name, path: make(path) ?? path, changes, expected });
  };
  return { cases, add };
}

const u32le = (value: number) => u32be(value).reverse();
const malformed = /^image-malformed$/;
const damaged = /^image-(?:malformed|incomplete)$/;

test("a qcow2 image that names files, tables, snapshots or clusters which it does not hold is refused", async (t) => {
  const directory = temporary(t);
  const { cases, add } = collector(directory);
  const plain = imageOf(directory, "qcow2");
  for (const backing of [
    "/etc/shadow",
    "json:{\"driver\":\"file\",\"filename\":\"/etc/shadow\"}",
    "nbd://127.0.0.1:10809/x",
    "http://127.0.0.1/x",
    "fd:0",
    "/dev/sda",
    "../../../etc/shadow",
  ]) {
    for (const compat of ["0.10", "1.1"]) {
      add(`backed by ${backing}, compat ${compat}`, /^image-has-backing-file$/, (path) => {
        qemuImg("create", "-q", "-u", "-f", "qcow2", "-o", `compat=${compat}`, "-F", "raw", "-b", backing, path, "1M");
        return undefined;
      });
    }
  }
  add("a backing file whose name is empty", malformed, (path) => patch(copyOf(path), 8, Buffer.concat([u64be(200n), u32be(0)])));
  add("a backing file named outside the header", malformed, (path) => patch(copyOf(path), 8, Buffer.concat([u64be(2n ** 40n), u32be(20)])));
  add("a data file without a name", /^image-has-data-file$/, (path) => patch(copyOf(path), 72, u64be(4n)));
  add("a data file of the host", /^image-has-data-file$/, (path) => {
    qemuImg("create", "-q", "-f", "qcow2", "-o", `data_file=${path}.data,data_file_raw=on`, path, "1M");
    return replaceIn(path, `${path}.data`, "/etc/shadow");
  });
  for (const cipher of ["luks", "aes"]) {
    add(`${cipher} inside`, /^image-encrypted$/, (path) => {
      const secret = ["--object", "secret,id=s,data=12345678"];
      qemuImg("create", "-q", "-f", "qcow2", ...secret, "-o", `encrypt.format=${cipher},encrypt.key-secret=s`, path, "1M");
      return undefined;
    });
  }
  for (const bit of [4n, 5n, 6n, 17n, 33n, 63n]) {
    add(`incompatible feature ${bit}`, /^image-unknown-features$/, (path) => patch(copyOf(path), 72, u64be(1n << bit)));
  }
  add("marked as corrupt", { refusedOr: sha256(`${plain}.raw`) }, (path) => patch(copyOf(path), 72, u64be(2n)));
  for (const type of [2, 255]) add(`compression ${type}`, malformed, (path) => patch(patch(copyOf(path), 72, u64be(8n)), 104, Buffer.from([type])));
  for (const [name, at, bytes] of [
    ["version 0", 4, u32be(0)],
    ["version 255", 4, u32be(255)],
    ["clusters of 2^8 bytes", 20, u32be(8)],
    ["clusters of 2^31 bytes", 20, u32be(31)],
    ["clusters of 2^63 bytes", 20, u32be(63)],
    ["an L1 table of 2^31 entries", 36, u32be(2 ** 31)],
    ["an L1 table without entries", 36, u32be(0)],
    ["an L1 table at an odd place", 40, u64be(513n)],
    ["a header of no length", 100, u32be(0)],
    ["a header of 2^31 bytes", 100, u32be(2 ** 31)],
    ["reference counts of 2^200 bits", 96, u32be(200)],
    ["a header extension of 4 GiB", 116, u32be(0xffffffff)],
  ] as const) {
    add(name, malformed, (path) => patch(copyOf(path), at, bytes));
  }
  for (const [name, at, bytes] of [
    ["reference counts at byte 0", 48, u64be(0n)],
    ["reference counts at an odd place", 48, u64be(65_537n)],
    ["2^32 clusters of reference counts", 56, u32be(0xffffffff)],
    ["2^32 snapshots", 60, u32be(0xffffffff)],
    ["65536 snapshots behind the end", 60, Buffer.concat([u32be(65_536), u64be(2n ** 30n)])],
    ["snapshots at an odd place", 60, Buffer.concat([u32be(1), u64be(77n)])],
  ] as const) {
    add(name, /^image-(?:malformed|incomplete|inspection-aborted)$/, (path) => patch(copyOf(path), at, bytes));
  }
  const compressed = imageOf(directory, "qcow2", ["-c"], "compressed.qcow2");
  for (const [name, from, change] of [
    ["an L2 table that is the L1 table", plain, (image: Buffer, l1: number) => image.writeBigUInt64BE(BigInt(l1) | (1n << 63n), l1)],
    ["an L2 table behind the end", plain, (image: Buffer, l1: number) => image.writeBigUInt64BE(2n ** 41n, l1)],
    ["an L2 table at an odd place", plain, (image: Buffer, l1: number) => image.writeBigUInt64BE(0x10200n, l1)],
    ["a cluster behind the end", plain, (image: Buffer, l1: number) => image.writeBigUInt64BE(2n ** 42n | (1n << 63n), l2Of(image, l1))],
    ["a cluster at an odd place", plain, (image: Buffer, l1: number) => image.writeBigUInt64BE(0x20200n | (1n << 63n), l2Of(image, l1))],
    [
      "a compressed cluster behind the end",
      compressed,
      (image: Buffer, l1: number) => image.writeBigUInt64BE((1n << 62n) | 2n ** 40n, l2Of(image, l1)),
    ],
    ["a compressed cluster that is no compressed data", compressed, (image: Buffer, l1: number) => image.writeBigUInt64BE((1n << 62n) | 4n, l2Of(image, l1))],
  ] as const) {
    add(name, damaged, (path) => {
      const image = readFileSync(from);
      change(image, Number(image.readBigUInt64BE(40)));
      writeFileSync(path, image);
      return undefined;
    });
  }
  const refused = await tryAll(t, cases);
  t.diagnostic(`${refused} of ${cases.length} cases refused`);

  function copyOf(path: string): string {
    writeFileSync(path, readFileSync(plain));
    return path;
  }
});

function l2Of(image: Buffer, l1: number): number {
  return Number(image.readBigUInt64BE(l1) & 0x00fffffffffffe00n);
}

function replaceIn(path: string, from: string, to: string): string {
  const at = readFileSync(path).indexOf(from);
  assert.ok(at > 0);
  return patch(path, at, to.padEnd(from.length, "\0"));
}
