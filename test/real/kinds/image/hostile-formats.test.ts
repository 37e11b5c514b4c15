import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ImageSpec } from "../../../../src/kinds/image/spec.ts";
import { imageOf, patch, qemuImg, rawDisk, temporary, u32be, u64be, u64le } from "./images.ts";
import { type Case, tryAll } from "./try-images.ts";

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
    'json:{"driver":"file","filename":"/etc/shadow"}',
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
  add("marked as corrupt", malformed, (path) => patch(copyOf(path), 72, u64be(2n)));
  for (const type of [2, 255])
    add(`compression ${type}`, malformed, (path) => patch(patch(copyOf(path), 72, u64be(8n)), 104, Buffer.from([type])));
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
    ["a cluster behind the end", plain, (image: Buffer, l1: number) => image.writeBigUInt64BE((2n ** 42n) | (1n << 63n), l2Of(image, l1))],
    ["a cluster at an odd place", plain, (image: Buffer, l1: number) => image.writeBigUInt64BE(0x20200n | (1n << 63n), l2Of(image, l1))],
    [
      "a compressed cluster behind the end",
      compressed,
      (image: Buffer, l1: number) => image.writeBigUInt64BE((1n << 62n) | (2n ** 40n), l2Of(image, l1)),
    ],
    [
      "a compressed cluster that is no compressed data",
      compressed,
      (image: Buffer, l1: number) => image.writeBigUInt64BE((1n << 62n) | 4n, l2Of(image, l1)),
    ],
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

test("a VMDK, VHD, VHDX, VDI or ploop image that lies about its data, or names a file of the host, is refused", async (t) => {
  const directory = temporary(t);
  const { cases, add } = collector(directory);
  const of = (name: string, driver: string, ...options: string[]) =>
    imageOf(directory, driver, options.length === 0 ? [] : ["-o", options.join(",")], name);
  const changed = (from: string, change: (image: Buffer) => void) => (path: string) => {
    const image = readFileSync(from);
    change(image);
    writeFileSync(path, image);
    return undefined;
  };

  const vmdk = { diskFormat: "vmdk" } as const;
  const sparse = of("sparse.vmdk", "vmdk");
  const stream = of("stream.vmdk", "vmdk", "subformat=streamOptimized");
  const describe = (image: Buffer, change: (text: string) => string) => {
    const [at, length] = [Number(image.readBigUInt64LE(28)) * 512, Number(image.readBigUInt64LE(36)) * 512];
    const text = change(image.toString("latin1", at, at + length).replace(/\0+$/, ""));
    image.fill(0, at, at + length);
    image.write(text, at, "latin1");
  };
  const extent = /RW \d+ SPARSE "[^"]*"/;
  for (const [name, from] of [
    ["sparse", sparse],
    ["stream", stream],
  ] as const) {
    for (const line of [
      'RW 2048 FLAT "/etc/shadow" 0',
      'RW 2048 SPARSE "/etc/shadow"',
      'RDONLY 2048 SPARSE "../../../etc/shadow"',
      'RW 2048 VMFS "/dev/sda"',
      'RW 2048 VMFSRDM "/vmfs/devices/disks/x"',
      "RW 2048 ZERO",
      'RW 2048 SPARSE "json:{/etc/shadow}"',
    ]) {
      const change = changed(from, (image) => describe(image, (text) => text.replace(extent, line)));
      add(`${name} VMDK: ${line}`, /^image-vmdk-extent$/, change, vmdk);
    }
    const second = changed(from, (image) => describe(image, (text) => text.replace(extent, '$&\nRW 2048 FLAT "/etc/shadow" 0')));
    add(`${name} VMDK with a second extent`, /^image-vmdk-extent$/, second, vmdk);
    for (const line of ['parentCID=00000001\nparentFileNameHint="/etc/shadow"', 'parentCID=ffffffff\nparentFileNameHint="/etc/shadow"']) {
      const change = changed(from, (image) => describe(image, (text) => text.replace("parentCID=ffffffff", line)));
      add(`${name} VMDK with ${line.replace("\n", ", ")}`, /^image-has-backing-file$/, change, vmdk);
    }
    for (const type of ["monolithicFlat", "twoGbMaxExtentSparse", "fullDevice", "vmfsSparse", "custom", ""]) {
      const change = changed(from, (image) => describe(image, (text) => text.replace(/createType="[^"]*"/, `createType="${type}"`)));
      add(`${name} VMDK of type ${type}`, /^image-vmdk-type$/, change, vmdk);
    }
    for (const [what, at, bytes] of [
      ["version 9", 4, u32le(9)],
      ["a capacity of 2^63 sectors", 12, u64le(2n ** 63n)],
      ["a capacity of 2^40 sectors", 12, u64le(2n ** 40n)],
      ["grains of no sector", 20, u64le(0n)],
      ["grains of 2^40 sectors", 20, u64le(2n ** 40n)],
      ["a descriptor behind the end", 28, u64le(2n ** 40n)],
      ["a descriptor of 2^40 sectors", 36, u64le(2n ** 40n)],
      ["grain tables without entries", 44, u32le(0)],
      ["grain tables of 2^32 entries", 44, u32le(0xffffffff)],
      ["its grain directory behind the end", 56, u64le(2n ** 40n)],
    ] as const) {
      const expected = /^image-(?:malformed|incomplete|vmdk-descriptor|virtual-size)$/;
      add(
        `${name} VMDK with ${what}`,
        expected,
        changed(from, (image) => bytes.copy(image, at)),
        vmdk,
      );
    }
  }

  const vhdx = { diskFormat: "vhdx" } as const;
  const whole = of("disk.vhdx", "vhdx");
  const headers = [65_536, 131_072];
  add(
    "VHDX with a log that was not written",
    /^image-/,
    changed(whole, (image) => {
      for (const at of headers) image.fill(7, at + 48, at + 64);
    }),
    vhdx,
  );
  add(
    "VHDX without headers",
    damaged,
    changed(whole, (image) => {
      for (const at of headers) image.fill(0, at, at + 4096);
    }),
    vhdx,
  );
  add(
    "VHDX without region tables",
    malformed,
    changed(whole, (image) => image.fill(0, 192 * 1024, 320 * 1024)),
    vhdx,
  );
  const regions = (change: (at: number) => void) => {
    for (const table of [192 * 1024, 256 * 1024]) for (const index of [0, 1]) change(table + 16 + index * 32);
  };
  for (const [what, offset, bytes] of [
    ["regions behind the end", 16, u64le(2n ** 50n)],
    ["regions at byte 0", 16, u64le(0n)],
    ["regions of no length", 24, u32le(0)],
    ["regions of 4 GiB", 24, u32le(0xffffffff)],
  ] as const) {
    add(
      `VHDX with ${what}`,
      damaged,
      changed(whole, (image) => regions((at) => void bytes.copy(image, at + offset))),
      vhdx,
    );
  }
  const parametersAt = (image: Buffer) => {
    const metadata = image.indexOf("metadata", 2 ** 20);
    const item = image.indexOf(Buffer.from("3767a1ca36fa434db3b633f0aa44e76b", "hex"), metadata);
    return metadata + image.readUInt32LE(item + 16);
  };
  add(
    "VHDX with a parent",
    /^image-has-backing-file$/,
    changed(whole, (image) => image.writeUInt8(2, parametersAt(image) + 4)),
    vhdx,
  );
  for (const bytes of [0, 1, 0xffffffff]) {
    add(
      `VHDX with blocks of ${bytes} bytes`,
      damaged,
      changed(whole, (image) => image.writeUInt32LE(bytes, parametersAt(image))),
      vhdx,
    );
  }

  const vhd = { diskFormat: "vhd" } as const;
  const dynamic = of("dynamic.vhd", "vpc", "force_size=on");
  const footers = (image: Buffer, change: (at: number) => void) => [0, image.length - 512].forEach(change);
  add(
    "VHD of differences",
    /^image-has-backing-file$/,
    changed(dynamic, (image) => footers(image, (at) => void image.writeUInt32BE(4, at + 60))),
    vhd,
  );
  add(
    "VHD without its footer",
    damaged,
    changed(dynamic, (image) => image.fill(0, image.length - 512)),
    vhd,
  );
  for (const [what, at, bytes] of [
    ["its dynamic header behind the end", 16, u64be(2n ** 50n)],
    ["no dynamic header", 512, Buffer.alloc(8)],
    ["its table behind the end", 512 + 16, u64be(2n ** 50n)],
    ["a table of 2^32 entries", 512 + 28, u32be(0xffffffff)],
    ["blocks of no byte", 512 + 32, u32be(0)],
    ["blocks of 4 GiB", 512 + 32, u32be(0xffffffff)],
    ["a block behind the end", 1536, u32be(0x7fffffff)],
  ] as const) {
    add(
      `VHD with ${what}`,
      damaged,
      changed(dynamic, (image) => void bytes.copy(image, at)),
      vhd,
    );
  }

  const vdi = { diskFormat: "vdi" } as const;
  const box = of("disk.vdi", "vdi");
  for (const [what, at, bytes, expected] of [
    ["differences", 76, u32le(4), /^image-has-backing-file$/],
    ["a parent", 440 - 16, Buffer.alloc(16, 1), /^image-has-backing-file$/],
    ["a type that is not known", 76, u32le(9), malformed],
    ["its map behind the end", 340, u32le(0x7fffffff), damaged],
    ["its data behind the end", 344, u32le(0x7ffffe00), damaged],
    ["blocks of no byte", 376, u32le(0), damaged],
    ["2^32 blocks", 384, u32le(0xffffffff), damaged],
    ["no blocks", 384, u32le(0), damaged],
    ["a block behind the end", 512, u32le(0x7fffffff), damaged],
    ["a size of 2^62", 368, u64le(2n ** 62n), /^image-(?:virtual-size|malformed|incomplete)$/],
  ] as const) {
    add(
      `VDI with ${what}`,
      expected,
      changed(box, (image) => void bytes.copy(image, at)),
      vdi,
    );
  }

  const ploop = { diskFormat: "ploop" } as const;
  const delta = of("disk.ploop", "parallels");
  for (const [what, at, bytes] of [
    ["an unknown version", 16, u32le(7)],
    ["the mark of an open image", 44, u32le(0x746f6e59)],
    ["clusters of no sector", 28, u32le(0)],
    ["clusters of 2^32 sectors", 28, u32le(0xffffffff)],
    ["a table of no entries", 32, u32le(0)],
    ["a table of 2^32 entries", 32, u32le(0xffffffff)],
    ["a cluster behind the end", 64, u32le(0x7fffffff)],
  ] as const) {
    add(
      `ploop with ${what}`,
      damaged,
      changed(delta, (image) => void bytes.copy(image, at)),
      ploop,
    );
  }
  const refused = await tryAll(t, cases);
  assert.equal(refused, cases.length);
  t.diagnostic(`${refused} of ${cases.length} cases refused`);
});

test("a disk with partitions that it cannot hold, a file of two formats, and a file that is larger than the disk are refused", async (t) => {
  const directory = temporary(t);
  const { cases, add } = collector(directory);
  const raw = { diskFormat: "raw" } as const;
  const sectors = 4096;
  const disk =
    (change: (content: Buffer) => void, length = sectors * 512) =>
    (path: string) => {
      const content = Buffer.alloc(length);
      change(content);
      writeFileSync(path, content);
      return undefined;
    };
  const protective = (content: Buffer) => {
    content.writeUInt8(0xee, 450);
    content.writeUInt32LE(1, 454);
    content.writeUInt32LE(sectors - 1, 458);
    content.writeUInt16LE(0xaa55, 510);
  };
  const gpt = (content: Buffer, table: bigint, count: number, bytes: number, last = 100n) => {
    protective(content);
    content.write("EFI PART", 512, "latin1");
    content.writeBigUInt64LE(table, 512 + 72);
    content.writeUInt32LE(count, 512 + 80);
    content.writeUInt32LE(bytes, 512 + 84);
    content.fill(1, 1024, 1040);
    content.writeBigUInt64LE(34n, 1056);
    content.writeBigUInt64LE(last, 1064);
  };
  for (const [what, change] of [
    ["ends behind the disk", (content: Buffer) => gpt(content, 2n, 128, 128, 4096n)],
    ["ends at sector 2^63", (content: Buffer) => gpt(content, 2n, 128, 128, 2n ** 63n)],
    ["is listed behind the disk", (content: Buffer) => gpt(content, 2n ** 60n, 128, 128)],
    ["is one of 2^32", (content: Buffer) => gpt(content, 2n, 0xffffffff, 128)],
    ["has an entry of no byte", (content: Buffer) => gpt(content, 2n, 128, 0)],
    ["has an entry of 4 GiB", (content: Buffer) => gpt(content, 2n, 1, 0xffffffff)],
    ["is promised and not listed", protective],
  ] as const) {
    add(`a partition (GPT) that ${what}`, /^image-incomplete$/, disk(change), raw);
  }
  for (const length of [520, 560, 590, 600, 1023, 1024, 1100]) {
    const cut = (path: string) => {
      disk((content) => gpt(content, 2n, 128, 128))(path);
      truncateSync(path, length);
      return undefined;
    };
    add(`a partition table (GPT) that is cut at byte ${length}`, /^image-incomplete$/, cut, raw);
  }
  const mbr = (content: Buffer) => {
    content.writeUInt8(0x83, 450);
    content.writeUInt32LE(2048, 454);
    content.writeUInt32LE(0xffffffff, 458);
    content.writeUInt16LE(0xaa55, 510);
  };
  add("a partition (MBR) that ends behind the disk", /^image-incomplete$/, disk(mbr), raw);

  const qcow2 = readFileSync(imageOf(directory, "qcow2"));
  const both = (at: number, mark: string) => (path: string) => {
    writeFileSync(path, Buffer.concat([qcow2, Buffer.alloc(Math.max(0, at + 512 - qcow2.length))]));
    patch(path, at, Buffer.from(mark, "latin1"));
    return undefined;
  };
  const two = /^image-multiple-formats$/;
  add("qcow2 and ISO", two, both(32_769, "CD001"));
  add("qcow2 and tar", two, both(257, "ustar\x0000"));
  add("qcow2 and VDI", two, both(64, "\x7f\x10\xda\xbe"));
  add("qcow2 and Apple disk image", two, both(qcow2.length, "koly"));
  add("qcow2 and VHD", two, both(qcow2.length, "conectix"));
  for (const diskFormat of ["raw", "iso"] as const) {
    const mixed = (start: string) => (path: string) => {
      rawDisk(path);
      patch(path, 32_769, "CD001");
      patch(path, 0, Buffer.from(start, "latin1"));
      return undefined;
    };
    for (const [what, start] of [
      ["gzip", "\x1f\x8b\x08"],
      ["VMDK", "COWD"],
      ["LUKS", "LUKS\xba\xbe\0\x01"],
      ["zip", "PK\x03\x04"],
      ["VHDX", "vhdxfile"],
    ] as const) {
      add(`${what} and ISO, called ${diskFormat}`, /^image-multiple-formats$/, mixed(start), { diskFormat });
    }
  }
  for (const encoding of ["utf16le", "utf16be"] as const) {
    const page = (path: string) => {
      const text = Buffer.from(`\ufeff<!DOCTYPE html>\n<html><body>404</body></html>`, "utf16le");
      writeFileSync(path, encoding === "utf16le" ? text : text.swap16());
      return undefined;
    };
    add(`a page in ${encoding}`, /^image-is-text$/, page, raw);
  }
  for (const size of ["8T", "15T"]) {
    const bomb = (path: string) => {
      execFileSync("truncate", ["-s", size, path]);
      return undefined;
    };
    add(`a file of ${size} zeros`, /^image-too-large$/, bomb, raw);
  }
  const refused = await tryAll(t, cases);
  assert.equal(refused, cases.length);
  t.diagnostic(`${refused} of ${cases.length} cases refused`);
});
