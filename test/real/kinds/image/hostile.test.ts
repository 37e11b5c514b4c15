import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { DiskFormat, ImageSpec } from "../../../../src/kinds/image/spec.ts";
import { imageOf, patch, qemuImg, rawDisk, temporary, u64be } from "./images.ts";
import { type Case, secret, sha256, tryAll } from "./try-images.ts";

test("what is known to be something else than a disk is refused by its name, whatever it is declared to be", async (t) => {
  const directory = temporary(t);
  const signatures: readonly (readonly [name: string, start: string, at?: number])[] = [
    ["gzip", "\x1f\x8b\x08"],
    ["xz", "\xfd7zXZ\0"],
    ["zstd", "\x28\xb5\x2f\xfd"],
    ["zstd-skippable", "\x50\x2a\x4d\x18"],
    ["bzip2", "BZh91AY&SY"],
    ["tar", "ustar\x0000", 257],
    ["gnu-tar", "ustar  \0", 257],
    ["zip", "PK\x03\x04"],
    ["7z", "7z\xbc\xaf\x27\x1c"],
    ["rar", "Rar!\x1a\x07\x01\0"],
    ["lz4", "\x04\x22\x4d\x18"],
    ["lzip", "LZIP\x01"],
    ["lzop", "\x89LZO\0\r\n\x1a\n"],
    ["lzma", "\x5d\0\0\x80\0"],
    ["compress", "\x1f\x9d\x90"],
    ["cpio", "070701000"],
    ["deb", "!<arch>\ndebian-binary"],
    ["rpm", "\xed\xab\xee\xdb\x03"],
    ["cab", "MSCF\0\0\0\0"],
    ["xar", "xar!\0\x1c"],
    ["wim", "MSWIM\0\0\0"],
    ["vma", "VMA\0\0\0\0\x01"],
    ["squashfs", "hsqs"],
    ["squashfs-big-endian", "sqsh"],
    ["lrzip", "LRZI\0\x06"],
    ["rzip", "RZIP\x02"],
    ["snappy", "\xff\x06\0\0sNaPpY"],
    ["age", "age-encryption.org/v1\n-> X25519"],
    ["openssl", "Salted__"],
    ["android-sparse", "\x3a\xff\x26\xed\x01"],
    ["apple-sparse", "sprs\0\0\0\x03"],
    ["cow", "OOOM\0\0\0\x02"],
    ["qed", "QED\0"],
    ["luks", "LUKS\xba\xbe\0\x02"],
    ["bochs", "Bochs Virtual HD Image"],
    ["cloop", "#!/bin/sh\n#V2.0 Format"],
    ["ewf", "EVF\x09\x0d\x0a\xff\0"],
    ["aff", "AFF10\r\n\0"],
    ["qcow1", "QFI\xfb\0\0\0\x01"],
  ];
  const pages: readonly (readonly [name: string, text: string])[] = [
    ["html", "<!DOCTYPE html>\n<html><body>404</body></html>"],
    ["html-comment", "<!-- login -->\n  <HTML lang=en>"],
    ["html-bom", "\xef\xbb\xbf<html>"],
    ["xhtml", '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">'],
    ["xml", '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'],
    ["s3", "<ListBucketResult>"],
    ["json", '{"error": "not found"}'],
    ["json-list", '[{"name": "disk.qcow2"}]'],
    ["text", "404 page not found\n"],
    ["lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 12345\n"],
    ["utf8", "Dieses Bild gibt es nicht. Größe: ungültig.\n"],
    ["pdf", "%PDF-1.7\n%\xe2\xe3"],
    ["shell", "#!/bin/sh\necho pwned\n"],
    ["png", "\x89PNG\r\n\x1a\n"],
    ["jpeg", "\xff\xd8\xff\xe0\0\x10JFIF"],
    ["gif", "GIF89a"],
    ["ole2", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"],
    ["sqlite", "SQLite format 3\0"],
    ["elf", "\x7fELF\x02\x01\x01"],
  ];
  const cases: Case[] = [];
  for (const [name, start, at = 0] of signatures) {
    const content = Buffer.alloc(70_000);
    content.write(start, at, "latin1");
    const path = join(directory, name);
    writeFileSync(path, content);
    for (const diskFormat of ["raw", "qcow2"] as const) {
      const expected = /^image-(?:packed|format-(?:qed|luks|unsupported)|malformed)$/;
      cases.push({ name: `${name} as ${diskFormat}`, path, changes: { diskFormat }, expected });
    }
  }
  for (const [name, text] of pages) {
    const path = join(directory, `page-${name}`);
    writeFileSync(path, Buffer.from(text, name === "utf8" ? "utf8" : "latin1"));
    for (const diskFormat of ["raw", "qcow2", "iso"] as const) {
      cases.push({ name: `${name} as ${diskFormat}`, path, changes: { diskFormat }, expected: /^image-is-text$/ });
    }
    cases.push({ name: `${name} as a kernel`, path, changes: { diskFormat: "aki", bootFile: true }, expected: /^image-is-text$/ });
  }
  // Only pages are known to come from servers that do not have the file. Anything else may be a file that a boot loader takes as a kernel.
  const kernels = cases.filter(({ name }) => /^(?:text|lfs|utf8|shell|pdf|png|jpeg|gif|ole2|sqlite|elf) as a kernel$/.test(name));
  const tried = cases.filter((one) => !kernels.includes(one));
  const apple = join(directory, "dmg");
  const trailer = Buffer.alloc(70_000);
  trailer.write("koly", 70_000 - 512);
  writeFileSync(apple, trailer);
  tried.push({ name: "dmg", path: apple, changes: { diskFormat: "raw" }, expected: /^image-format-unsupported$/ });
  assert.equal(await tryAll(t, tried), tried.length);
  t.diagnostic(`${tried.length} cases refused`);
});

test("an image of any format that is cut off anywhere is refused, unless nothing of the disk was cut", async (t) => {
  const directory = temporary(t);
  const raw = rawDisk(join(directory, "disk.raw"), 2 ** 20);
  const noise = createHash("sha512").update("noise").digest();
  const content = readFileSync(raw);
  for (let at = 200_000; at < 800_000; at += 64) noise.copy(content, at);
  // Bytes that do not compress, so that every part of a compressed image matters.
  for (let at = 300_000; at < 500_000; at += 32) createHash("sha256").update(String(at)).digest().copy(content, at);
  // The last cluster, grain and block have data up to their ends.
  for (let at = content.length - 40_960; at < content.length; at += 32) createHash("sha256").update(String(at)).digest().copy(content, at);
  writeFileSync(raw, content);
  const formats: readonly (readonly [name: string, driver: string, diskFormat: DiskFormat, options: readonly string[]])[] = [
    ["qcow2", "qcow2", "qcow2", []],
    ["qcow2-small-clusters", "qcow2", "qcow2", ["-o", "cluster_size=512"]],
    ["qcow2-compressed", "qcow2", "qcow2", ["-c"]],
    ["vmdk", "vmdk", "vmdk", []],
    ["vmdk-stream", "vmdk", "vmdk", ["-o", "subformat=streamOptimized"]],
    ["vhd", "vpc", "vhd", ["-o", "force_size=on"]],
    ["vhd-fixed", "vpc", "vhd", ["-o", "subformat=fixed,force_size=on"]],
    ["vhdx", "vhdx", "vhdx", []],
    ["vdi", "vdi", "vdi", []],
    ["ploop", "parallels", "ploop", []],
  ];
  const cases: Case[] = [];
  for (const [name, driver, diskFormat, options] of formats) {
    const path = join(directory, name);
    qemuImg("convert", "-f", "raw", "-O", driver, ...options, raw, path);
    const whole = readFileSync(path);
    const cuts = [
      1,
      64,
      511,
      512,
      4096,
      65_536,
      0.3,
      0.5,
      0.7,
      0.9,
      0.97,
      whole.length - 70_000,
      whole.length - 30_000,
      whole.length - 5000,
      whole.length - 1500,
      whole.length - 600,
      whole.length - 512,
      whole.length - 1,
    ];
    for (const cut of cuts) {
      const length = cut < 1 ? Math.floor(whole.length * cut) : cut;
      if (length < 1 || length >= whole.length) continue;
      const short = join(directory, `${name}-${length}`);
      writeFileSync(short, whole.subarray(0, length));
      cases.push({
        name: `${name} cut at ${length} of ${whole.length}`,
        path: short,
        changes: { diskFormat },
        expected: { refusedOr: sha256(raw) },
      });
    }
  }
  // A CD is no disk that could be the same.
  const tree = join(directory, "tree");
  mkdirSync(tree);
  writeFileSync(join(tree, "file"), content);
  for (const [name, options] of [
    ["iso", ["-R", "-J"]],
    ["iso-without-padding", ["-no-pad"]],
  ] as const) {
    const path = join(directory, `${name}.iso`);
    execFileSync("genisoimage", ["-quiet", ...options, "-o", path, tree]);
    const whole = readFileSync(path);
    for (const length of [40_000, whole.length >> 1, whole.length - 400_000, whole.length - 1]) {
      const short = join(directory, `${name}-${length}`);
      writeFileSync(short, whole.subarray(0, length));
      cases.push({
        name: `${name} cut at ${length} of ${whole.length}`,
        path: short,
        changes: { diskFormat: "iso" },
        expected: /^image-incomplete$/,
      });
    }
    cases.push({ name, path, changes: { diskFormat: "iso" }, expected: { refusedOr: sha256(path) } });
  }
  const refused = await tryAll(t, cases);
  assert.ok(refused > cases.length * 0.8, `${refused} of ${cases.length}`);
  t.diagnostic(`${refused} of ${cases.length} refused, the others whole`);
});

test("a raw disk that is cut off is known by its partitions, and one that fits is taken", async (t) => {
  const directory = temporary(t);
  const cases: Case[] = [];
  const sectors = (8 * 2 ** 20) / 512;
  for (const [label, put] of [
    ["dos", mbr],
    ["gpt", gpt],
  ] as const) {
    const path = join(directory, `${label}.raw`);
    const content = Buffer.alloc(sectors * 512);
    put(content, [2048, 4096], [4096, sectors - 34]);
    writeFileSync(path, content);
    cases.push({ name: `${label} whole`, path, changes: { diskFormat: "raw" }, expected: { refusedOr: sha256(path) } });
    const cut = join(directory, `${label}-cut.raw`);
    writeFileSync(cut, content.subarray(0, 4 * 2 ** 20));
    cases.push({ name: `${label} cut`, path: cut, changes: { diskFormat: "raw" }, expected: /^image-incomplete$/ });
  }
  assert.equal(await tryAll(t, cases), 2);
});

type Extent = readonly [first: number, end: number];

/** Writes partitions into a disk, in sectors. */
function mbr(disk: Buffer, ...extents: readonly Extent[]): void {
  for (const [index, [first, end]] of extents.entries()) {
    disk.writeUInt8(0x83, 446 + index * 16 + 4);
    disk.writeUInt32LE(first, 446 + index * 16 + 8);
    disk.writeUInt32LE(end - first, 446 + index * 16 + 12);
  }
  disk.writeUInt16LE(0xaa55, 510);
}

function gpt(disk: Buffer, ...extents: readonly Extent[]): void {
  disk.writeUInt8(0xee, 450);
  disk.writeUInt32LE(1, 454);
  disk.writeUInt32LE(disk.length / 512 - 1, 458);
  disk.writeUInt16LE(0xaa55, 510);
  disk.write("EFI PART", 512, "latin1");
  disk.writeBigUInt64LE(2n, 512 + 72);
  disk.writeUInt32LE(128, 512 + 80);
  disk.writeUInt32LE(128, 512 + 84);
  for (const [index, [first, end]] of extents.entries()) {
    disk.fill(0x11, 1024 + index * 128, 1024 + index * 128 + 32);
    disk.writeBigUInt64LE(BigInt(first), 1024 + index * 128 + 32);
    disk.writeBigUInt64LE(BigInt(end - 1), 1024 + index * 128 + 40);
  }
}

test("images, archives and compressed files that are made to do harm are refused, and nothing of the host is read", async (t) => {
  const directory = temporary(t);
  const hidden = join(directory, "hidden");
  writeFileSync(hidden, secret.repeat(100));
  const cases: Case[] = [];
  const add = (name: string, path: string, changes: Partial<ImageSpec>, expected: Case["expected"]) =>
    cases.push({ name, path, changes, expected });

  const backed = join(directory, "backed.qcow2");
  qemuImg("create", "-q", "-f", "qcow2", "-F", "raw", "-b", hidden, backed, "1M");
  add("a backing file of the host", backed, {}, /^image-has-backing-file$/);
  const data = join(directory, "data.qcow2");
  qemuImg("create", "-q", "-f", "qcow2", "-o", `data_file=${join(directory, "data.raw")}`, data, "1M");
  add("a data file of the host", data, {}, /^image-has-data-file$/);
  const extended = join(directory, "extended.qcow2");
  qemuImg("create", "-q", "-f", "qcow2", "-o", "extended_l2=on", extended, "1M");
  add("subclusters", extended, {}, /^image-unknown-features$/);
  for (const [name, offset, value] of [
    ["an L1 table beyond the file", 40, 2n ** 40n],
    ["a refcount table beyond the file", 48, 2n ** 40n],
    ["a size of 2^62", 24, 2n ** 62n],
    ["a size of 65 TiB", 24, 65n * 2n ** 40n],
    ["snapshots beyond the file", 64, 2n ** 40n],
  ] as const) {
    const made = patch(imageOf(directory, "qcow2", [], `${name.replaceAll(" ", "-")}.qcow2`), offset, u64be(value));
    if (name.startsWith("snapshots")) patch(made, 60, Buffer.from([0, 0, 0, 1]));
    add(name, made, {}, /^(?:image-|command-failed)/);
  }
  // One table, and one cluster, named many times: ten megabytes that describe two tebibytes.
  const bomb = imageOf(directory, "qcow2", [], "bomb.qcow2");
  const l1 = Number(readFileSync(bomb).readBigUInt64BE(40));
  const entry = readFileSync(bomb).subarray(l1, l1 + 8);
  const entries = 4096;
  const grown = Buffer.concat([readFileSync(bomb), Buffer.alloc((65_536 - (readFileSync(bomb).length % 65_536)) % 65_536)]);
  const l2 = Number(entry.readBigUInt64BE(0) & 0x00fffffffffffe00n);
  const first = grown.subarray(l2, l2 + 8);
  for (let at = 0; at < 65_536; at += 8) first.copy(grown, l2 + at);
  grown.writeBigUInt64BE(BigInt(grown.length), 40);
  grown.writeUInt32BE(entries, 36);
  grown.writeBigUInt64BE(BigInt(entries) * 512n * 2n ** 20n, 24);
  writeFileSync(bomb, Buffer.concat([grown, Buffer.concat(Array.from({ length: entries }, () => entry))]));
  add("a qcow2 that describes two tebibytes", bomb, {}, /^image-(?:incomplete|too-large|inspection-aborted)$/);

  for (const [name, descriptor] of [
    ["a flat extent", `RW 2048 FLAT "${hidden}" 0`],
    ["a path in an extent", `RW 2048 SPARSE "${hidden}"`],
    ["a path above", 'RW 2048 SPARSE "../hidden"'],
    ["a device", 'RW 2048 VMFSRDM "/dev/sda"'],
    ["no access", 'NOACCESS 2048 SPARSE "a.vmdk"'],
    ["RDONLY with a path", `RDONLY 2048 SPARSE "${hidden}"`],
    ["RDONLY flat", `RDONLY 2048 FLAT "${hidden}" 0`],
  ] as const) {
    const path = join(directory, `${name.replaceAll(" ", "-")}.vmdk`);
    writeFileSync(path, `# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicSparse"\n${descriptor}\n`);
    add(`VMDK with ${name}`, path, { diskFormat: "vmdk" }, /^image-(?:vmdk-extent|vmdk-type|vmdk-descriptor)$/);
  }

  const zeros = join(directory, "zeros.gz");
  const pattern = gzipSync(Buffer.alloc(64 * 2 ** 20, "A"), { level: 9 });
  writeFileSync(zeros, Buffer.concat(Array.from({ length: 20 }, () => pattern)));
  add("a gzip bomb", zeros, { unpack: "gz", diskFormat: "raw" }, /^image-(?:bomb|is-text)$/);
  const tiny = join(directory, "tiny.zst");
  writeFileSync(tiny, execFileSync("zstd", ["-q", "-c"], { input: Buffer.alloc(300 * 2 ** 20, "A"), maxBuffer: 2 ** 28 }));
  add("a Zstandard bomb", tiny, { unpack: "zst", diskFormat: "raw" }, /^image-bomb$/);
  const nested = join(directory, "nested.gz");
  writeFileSync(nested, gzipSync(gzipSync(readFileSync(imageOf(directory, "qcow2", [], "inner.qcow2")))));
  add("gzip in gzip", nested, { unpack: "gz" }, /^image-packed$/);

  const inside = join(directory, "tree");
  mkdirSync(inside);
  execFileSync("ln", ["-s", hidden, join(inside, "disk.raw")]);
  const tar = (name: string, ...args: readonly string[]) => {
    const path = join(directory, name);
    execFileSync("tar", ["-cf", path, "-C", inside, ...args]);
    return path;
  };
  add("an archive with a link to a file of the host", tar("link.tar", "disk.raw"), { unpack: "tar", diskFormat: "raw" }, /^image-archive$/);
  rmSync(join(inside, "disk.raw"));
  writeFileSync(join(inside, "disk.raw"), readFileSync(rawDisk(join(directory, "r.raw"))));
  writeFileSync(join(inside, "other.img"), "x");
  add("an archive with two disks", tar("two.tar", "disk.raw", "other.img"), { unpack: "tar", diskFormat: "raw" }, /^image-archive$/);
  const good = readFileSync(tar("good.tar", "disk.raw"));
  for (const [name, bytes] of [
    ["a cut archive", good.subarray(0, 600_000)],
    ["an archive without its end", good.subarray(0, 512 + 2 ** 20)],
    ["an empty archive", Buffer.alloc(10_240)],
    ["a damaged header", Buffer.concat([Buffer.from("x"), good.subarray(1)])],
    ["no archive", readFileSync(rawDisk(join(directory, "no.raw")))],
  ] as const) {
    const path = join(directory, `${name.replaceAll(" ", "-")}.tar`);
    writeFileSync(path, bytes);
    add(name, path, { unpack: "tar", diskFormat: "raw" }, /^image-archive$/);
  }
  const outside = tar("outside.tar", "--transform=s,^,../../../../etc/,", "-P", "disk.raw");
  add("a member with a path above", outside, { unpack: "tar", diskFormat: "raw" }, { refusedOr: sha256(join(inside, "disk.raw")) });
  add(
    "a pipe of the kernel",
    "/proc/self/pagemap",
    { diskFormat: "raw" },
    /^(?:file-changed|image-|not-a-regular-file|file-error|permission-denied)/,
  );
  add("a device", "/dev/zero", { diskFormat: "raw" }, /^(?:not-a-regular-file|image-source-not-a-file)$/);
  add("a directory", directory, { diskFormat: "raw" }, /^(?:not-a-regular-file|image-source-not-a-file)$/);

  const refused = await tryAll(t, cases);
  assert.equal(refused, cases.length - 1);
  t.diagnostic(`${refused} cases refused`);
});

test("a streamOptimized VMDK whose extent is RDONLY is a valid image", async (t) => {
  const directory = temporary(t);
  const path = imageOf(directory, "vmdk", ["-o", "subformat=streamOptimized"]);
  const content = readFileSync(path);
  const at = Number(content.readBigUInt64LE(28)) * 512;
  const length = Number(content.readBigUInt64LE(36)) * 512;
  const text = content
    .toString("latin1", at, at + length)
    .replace(/\0+$/, "")
    .replace(/RW (\d+) SPARSE "[^"]*"/, 'RDONLY $1 SPARSE "call-me-stream.vmdk"');
  content.fill(0, at, at + length);
  content.write(text, at, "latin1");
  writeFileSync(path, content);
  const expected = { refusedOr: sha256(`${path}.raw`) };
  assert.equal(await tryAll(t, [{ name: "RDONLY", path, changes: { diskFormat: "vmdk" }, expected }]), 0);
});
