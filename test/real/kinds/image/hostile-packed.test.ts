import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Packing } from "../../../../src/model/packing.ts";
import { imageOf, temporary } from "./images.ts";
import { type Case, sha256, tryAll } from "./try-images.ts";

const run = (input: Buffer, program: string, ...args: readonly string[]) =>
  execFileSync(program, args, { input, maxBuffer: 2 ** 28, stdio: ["pipe", "pipe", "ignore"] });

/** One entry of a tar archive; `change` alters its header before the checksum is computed. */
function entry(name: string, kind: string, content: Buffer, change: (header: Buffer) => void = () => undefined): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, "latin1");
  header.write("0000644\0", 100, "latin1");
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  header.write(kind, 156, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  change(header);
  header.fill(" ", 148, 156);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0`,
    148,
    "latin1",
  );
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

test("packed files are taken with all of their streams, and refused when they are damaged, cut off, or need too much memory or room", async (t) => {
  const directory = temporary(t);
  const qcow2 = readFileSync(imageOf(directory, "qcow2"));
  const right = { refusedOr: sha256(join(directory, "made.qcow2.raw")) };
  const cases: Case[] = [];
  const add = (name: string, content: Buffer, unpack: Packing, expected: Case["expected"] = /^image-unpack$/) => {
    const path = join(directory, `case-${cases.length}`);
    writeFileSync(path, content);
    cases.push({ name, path, changes: { unpack }, expected });
  };
  const pack: readonly (readonly [unpack: Packing, (content: Buffer) => Buffer])[] = [
    ["gz", (content) => gzipSync(content)],
    ["xz", (content) => run(content, "xz", "-0", "-c")],
    ["zst", (content) => run(content, "zstd", "-q", "-c")],
    ["bz2", (content) => run(content, "bzip2", "-c")],
  ];
  let taken = 0;
  const half = qcow2.length >> 1;
  for (const [unpack, packed] of pack) {
    const whole = packed(qcow2);
    add(
      `two ${unpack} files behind each other`,
      Buffer.concat([packed(qcow2.subarray(0, half)), packed(qcow2.subarray(half))]),
      unpack,
      right,
    );
    taken += 1;
    const garbage = createHash("sha512").update(unpack).digest();
    add(`${unpack} with something else behind it`, Buffer.concat([whole, garbage]), unpack);
    // Programs that pack in parallel write one stream behind the other.
    const streams = [0, 1, 2].map((index) =>
      packed(qcow2.subarray(index * Math.ceil(qcow2.length / 3), (index + 1) * Math.ceil(qcow2.length / 3))),
    );
    add(`${unpack} in three streams`, Buffer.concat(streams), unpack, right);
    taken += 1;
    for (const at of [0, 1, 2, 3]) {
      const damaged = Buffer.from(streams[1] ?? "");
      damaged.writeUInt8(damaged.readUInt8(at) ^ 0x20, at);
      add(`${unpack} with a second stream of three that is damaged at ${at}`, Buffer.concat(streams.with(1, damaged)), unpack);
    }
    add(`${unpack} with the start of another behind it`, Buffer.concat([whole, whole.subarray(0, 40)]), unpack);
    add(`${unpack} with an empty image inside`, packed(Buffer.alloc(0)), unpack, /^image-empty$/);
    add(`${unpack} with itself inside`, packed(whole), unpack, /^image-packed$/);
    add(`${unpack} with a page inside`, packed(Buffer.from("<html>login</html>")), unpack, /^image-is-text$/);
    for (const [other, packOther] of pack) {
      // zstd may be built to know these as well.
      const knows = unpack === "zst" && other !== "bz2";
      if (other !== unpack && !knows) add(`${other} called ${unpack}`, packOther(qcow2), unpack);
    }
    for (const length of [0, 1, 5, 12, Math.floor(whole.length / 3), whole.length - 1])
      add(`${unpack} cut at ${length}`, whole.subarray(0, length), unpack);
    const flipped = Buffer.from(whole);
    flipped.writeUInt8(flipped.readUInt8(whole.length - 6) ^ 0x40, whole.length - 6);
    add(`${unpack} with a wrong check at its end`, flipped, unpack);
    const bomb = packed(Buffer.alloc(2 ** 26, "A"));
    add(
      `many ${unpack} bombs behind each other`,
      Buffer.concat(Array.from({ length: 20 }, () => bomb)),
      unpack,
      /^image-(?:bomb|is-text)$/,
    );
  }
  add("xz without its header", run(qcow2, "xz", "-c", "--format=raw", "--lzma2=preset=0,dict=4KiB"), "xz");
  add("xz that asks for 1.5 GiB of memory", run(qcow2, "xz", "-c", "--lzma2=preset=0,dict=1536MiB"), "xz");
  const zstd = run(qcow2, "zstd", "-q", "-c", "--no-check");
  // The window of a frame: 2^41 bytes.
  zstd.writeUInt8(zstd.readUInt8(4) & ~0x20, 4);
  zstd.writeUInt8(0xff, 5);
  add("zst that asks for terabytes of memory", zstd, "zst");
  const refused = await tryAll(t, cases);
  assert.equal(refused, cases.length - taken);
  t.diagnostic(`${refused} of ${cases.length} cases refused`);
});

test("archives with links, devices, lies about sizes, several disks or none are refused, and no member is written by its name", async (t) => {
  const directory = temporary(t);
  const qcow2 = readFileSync(imageOf(directory, "qcow2"));
  const right = { refusedOr: sha256(join(directory, "made.qcow2.raw")) };
  const end = Buffer.alloc(1024);
  const cases: Case[] = [];
  const add = (name: string, parts: readonly Buffer[], expected: Case["expected"] = /^image-archive$/, unpack: Packing = "tar") => {
    const path = join(directory, `case-${cases.length}`);
    writeFileSync(path, Buffer.concat([...parts, end]));
    cases.push({ name, path, changes: { unpack }, expected });
  };
  const disk = entry("disk.qcow2", "0", qcow2);
  const nothing = Buffer.alloc(0);
  const to = (target: string) => (header: Buffer) => void header.write(target, 157, "latin1");
  for (const [name, kind] of [
    ["a hard link", "1"],
    ["a symbolic link", "2"],
    ["a character device", "3"],
    ["a block device", "4"],
    ["a directory", "5"],
    ["a pipe", "6"],
  ] as const) {
    add(`only ${name}`, [entry("disk.qcow2", kind, nothing, to("/etc/shadow"))]);
  }
  let taken = 0;
  for (const name of ["/etc/cron.d/x", "../../../../etc/cron.d/x", "a/../../b", "C:\\disk", "disk\x1b[2J", "-rf"]) {
    add(`a disk named ${JSON.stringify(name)}`, [entry(name, "0", qcow2)], right);
    taken += 1;
  }
  add("a link before the disk of the same name", [entry("disk.qcow2", "2", nothing, to("/etc/shadow")), disk], right);
  add("two archives behind each other", [disk, end, entry("more.img", "0", qcow2)], right);
  taken += 2;
  add("two disks", [disk, entry("more.img", "0", qcow2)]);
  add("the same disk twice", [disk, disk]);
  add("no member of any length", [entry("disk.qcow2", "0", nothing)]);
  add("only a text", [entry("README", "0", Buffer.from("text"))]);
  add("a sparse member", [entry("disk.qcow2", "S", qcow2)]);
  const octal = (value: number) => `${value.toString(8).padStart(11, "0")}\0`;
  const sparse = (size: number, pieces: readonly (readonly [at: number, length: number])[], more = 0) =>
    entry("disk.qcow2", "S", qcow2, (header) => {
      for (const [index, [at, length]] of pieces.entries()) {
        header.write(octal(at), 386 + index * 24, "latin1");
        header.write(octal(length), 398 + index * 24, "latin1");
      }
      header.writeUInt8(more, 482);
      header.write(octal(size), 483, "latin1");
    });
  add("a sparse member that is one piece", [sparse(qcow2.length, [[0, qcow2.length]])], right);
  taken += 1;
  add("a sparse member of 256MiB of zeros", [sparse(2 ** 28, [[0, 512]])], /^image-incomplete$/);
  add("a sparse member with more data than the archive has", [sparse(2 ** 30, [[0, qcow2.length + 10_240]])]);
  add("a sparse member whose pieces overlap", [
    sparse(2 ** 20, [
      [0, 1024],
      [512, 1024],
    ]),
  ]);
  add("a sparse member whose pieces go backwards", [
    sparse(2 ** 20, [
      [8192, 512],
      [0, 512],
    ]),
  ]);
  add("a sparse member with a piece behind its end", [sparse(512, [[0, 1024]])]);
  add("a sparse member whose map goes on in its data", [sparse(2 ** 20, [[0, 512]], 1)]);
  add("a part of several volumes", [entry("disk.qcow2", "M", qcow2)]);
  const size = (bytes: Buffer | string) => (header: Buffer) => void header.write(bytes.toString("latin1"), 124, "latin1");
  add("a member of 2^33 bytes", [entry("disk.qcow2", "0", nothing, size("77777777777\0"))]);
  add("a member of 2^95 bytes", [entry("disk.qcow2", "0", nothing, size(Buffer.alloc(12, 0xff)))]);
  add("a size that is no number", [entry("disk.qcow2", "0", nothing, size("99999999999\0"))]);
  add("a size below zero", [entry("disk.qcow2", "0", nothing, size("-0000000001\0"))]);
  const pax = (text: string) => entry("pax", "x", Buffer.from(`${String(text.length + 4).padStart(2)} ${text}\n`.replace(/^ /, "0")));
  add("an extended header of 2^40 bytes", [pax("size=1099511627776"), disk]);
  add("an extended header that is sparse", [pax("GNU.sparse.map=0,1"), disk]);
  const record = (key: string, value: string) => {
    const text = ` ${key}=${value}\n`;
    const length = text.length + String(text.length + 2).length;
    return `${length}${text}`;
  };
  const paxed = (fields: readonly (readonly [string, string])[], data: Buffer) => [
    entry("pax", "x", Buffer.from(fields.map(([key, value]) => record(`GNU.sparse.${key}`, value)).join(""))),
    entry("disk.qcow2", "0", data),
  ];
  const major = [
    ["major", "1"],
    ["minor", "0"],
  ] as const;
  add(
    "a sparse map of 2^50 pieces",
    paxed([...major, ["realsize", "1048576"]], Buffer.from("1125899906842624\n0\n512\n".padEnd(1024, "\0"))),
  );
  add("a sparse map without an end", paxed([...major, ["realsize", "1048576"]], Buffer.from("3\n0\n512\n".padEnd(1024, "\0"))));
  add("a sparse map of words", paxed([...major, ["realsize", "1048576"]], Buffer.from("one\n0\n512\n".padEnd(1024, "\0"))));
  add(
    "a sparse file of 100 terabytes",
    paxed(
      [
        ["map", "0,512"],
        ["size", "100000000000000"],
      ],
      qcow2.subarray(0, 512),
    ),
    /^image-bomb$/,
  );
  add("a sparse file without a map", paxed([["realsize", "1024"]], qcow2));
  add("an extended header without an end", [entry("pax", "x", Buffer.alloc(2 ** 20, "9"))]);
  add("a name of a megabyte", [entry("././@LongLink", "L", Buffer.alloc(2 ** 20, "a")), disk]);
  add(
    "two thousand members",
    Array.from({ length: 2000 }, (_, index) => entry(`d${index}`, "5", nothing)),
  );
  add("a packed disk", [entry("disk.qcow2.gz", "0", gzipSync(qcow2))], /^image-packed$/);
  add("an archive in an archive", [entry("disk.tar", "0", Buffer.concat([disk, end]))], /^image-packed$/);
  add("a page", [entry("disk.qcow2", "0", Buffer.from("<html>"))], /^image-is-text$/);
  const bad = Buffer.from(disk);
  bad.writeUInt8(bad.readUInt8(0) ^ 1, 0);
  add("a header that was changed", [bad]);
  add("an OVA without a descriptor", [disk], /^image-archive$/, "ova");
  const ovf = entry("a.ovf", "0", Buffer.from("<Envelope/>"));
  const digest = createHash("sha256").update(qcow2).digest("hex");
  const manifest = (text: string) => entry("a.mf", "0", Buffer.from(text));
  for (const [name, text] of [
    ["another digest of the disk", `SHA256(disk.qcow2)= ${"0".repeat(64)}\n`],
    ["another digest of the descriptor", `SHA256(disk.qcow2)= ${digest}\nSHA256(a.ovf)= ${"0".repeat(64)}\n`],
    ["a file that is missing", `SHA256(disk.qcow2)= ${digest}\nSHA256(b.vmdk)= ${digest}\n`],
    ["no disk", `SHA256(a.ovf)= ${createHash("sha256").update("<Envelope/>").digest("hex")}\n`],
    ["the disk twice", `SHA256(disk.qcow2)= ${digest}\nSHA256(disk.qcow2)= ${digest}\n`],
    ["an algorithm that is not known", `CRC32(disk.qcow2)= 00000000\n`],
    ["a path of the host", `SHA256(/etc/shadow)= ${digest}\n`],
    ["a digest that is too short", "SHA256(disk.qcow2)= 00\n"],
  ] as const) {
    add(`an OVA whose manifest has ${name}`, [ovf, manifest(text), disk], /^image-archive$/, "ova");
  }
  add("an OVA with two disks", [ovf, disk, entry("b.qcow2", "0", qcow2)], /^image-archive$/, "ova");
  add("an OVA with a manifest that holds", [ovf, manifest(`SHA256(disk.qcow2)= ${digest}\n`), disk], right, "ova");
  taken += 1;
  const refused = await tryAll(t, cases);
  assert.equal(refused, cases.length - taken);
  t.diagnostic(`${refused} of ${cases.length} cases refused`);
});
