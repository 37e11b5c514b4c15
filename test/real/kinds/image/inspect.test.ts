import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { imageOf, inspectFile, partitionTable, patch, qemuImg, rawDisk, temporary, u32be, u64be, u64le } from "./images.ts";

const mebibyte = 2 ** 20;

for (const [format, options, content] of [
  ["qcow2", [], "qcow2"],
  ["qcow2", ["-c"], "qcow2"],
  ["qcow2", ["-o", "compat=0.10"], "qcow2"],
  ["qcow2", ["-c", "-o", "compression_type=zstd"], "qcow2"],
  ["vmdk", [], "vmdk"],
  ["vmdk", ["-o", "subformat=streamOptimized"], "vmdk"],
  ["vpc", ["-o", "force_size=on"], "vhd"],
  ["vpc", ["-o", "subformat=fixed,force_size=on"], "vhd"],
  ["vhdx", [], "vhdx"],
  ["vdi", [], "vdi"],
  ["vdi", ["-o", "static=on"], "vdi"],
  ["parallels", [], "ploop"],
  ["raw", [], "raw"],
] as const) {
  test(`an honest ${format} ${options.join(" ")} is recognised with its virtual size`, async (t) => {
    const found = await inspectFile(imageOf(temporary(t), format, [...options]));
    assert.deepEqual(
      { format: found.format, virtualSize: found.virtualSize, refusal: found.refusal },
      { format: content, virtualSize: mebibyte, refusal: undefined },
    );
  });
}

test("a partition table is a raw disk, and not every boot signature is one", async (t) => {
  const directory = temporary(t);
  const disk = rawDisk(join(directory, "disk"));
  patch(disk, 0, partitionTable());
  assert.equal((await inspectFile(disk)).format, "gpt");

  const protective = partitionTable();
  protective.writeUInt8(0, 446);
  protective.writeUInt8(0xee, 450);
  protective.writeUInt32LE(1, 454);
  assert.equal((await inspectFile(patch(disk, 0, protective))).format, "gpt");
  protective.writeUInt32LE(2, 454);
  assert.equal((await inspectFile(patch(disk, 0, protective))).format, "raw");

  const wrongFlag = partitionTable();
  wrongFlag.writeUInt8(0x17, 446);
  assert.equal((await inspectFile(patch(disk, 0, wrongFlag))).format, "raw");

  const fat = partitionTable();
  fat.writeUInt8(0xeb, 0);
  fat.writeUInt8(2, 16);
  fat.writeUInt8(0xf8, 21);
  assert.equal((await inspectFile(patch(disk, 0, fat))).format, "raw");
});

test("an ISO with a partition table (a hybrid) is an ISO", async (t) => {
  const directory = temporary(t);
  const iso = join(directory, "cd.iso");
  writeFileSync(join(directory, "file"), "hello");
  execFileSync("genisoimage", ["-quiet", "-o", iso, "-r", join(directory, "file")], { stdio: "ignore" });
  assert.equal((await inspectFile(iso)).format, "iso");
  assert.equal((await inspectFile(patch(iso, 0, partitionTable()))).format, "iso");
});

test("a fixed VHD of a bootable disk is a VHD although it starts with a partition table", async (t) => {
  const path = imageOf(temporary(t), "vpc", ["-o", "subformat=fixed,force_size=on"]);
  patch(path, 0, partitionTable());
  const found = await inspectFile(path);
  assert.equal(found.format, "vhd");
  assert.equal(found.refusal, undefined);
});

type Hostile = { readonly name: string; readonly code: string; readonly make: (directory: string) => string };
const qcow2Fields = {
  version: 4,
  backingOffset: 8,
  backingSize: 16,
  clusterBits: 20,
  size: 24,
  crypt: 32,
  l1Entries: 36,
  l1Offset: 40,
  incompatible: 72,
  headerLength: 100,
};

const hostile: readonly Hostile[] = [
  {
    name: "qcow2 on a backing file, made by qemu-img",
    code: "image-has-backing-file",
    make: (directory) => {
      const path = join(directory, "x");
      qemuImg("create", "-u", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd", path, "1M");
      return path;
    },
  },
  {
    name: "qcow2 with an external data file, made by qemu-img",
    code: "image-has-data-file",
    make: (directory) => {
      const path = join(directory, "x");
      qemuImg("create", "-f", "qcow2", "-o", `data_file=${join(directory, "data")},data_file_raw=on`, path, "1M");
      return path;
    },
  },
  {
    name: "qcow2 whose data file is named while the feature bit is hidden",
    code: "image-has-data-file",
    make: (directory) => {
      const path = join(directory, "x");
      qemuImg("create", "-f", "qcow2", "-o", `data_file=${join(directory, "data")}`, path, "1M");
      return patch(path, qcow2Fields.incompatible, u64be(0n));
    },
  },
  {
    name: "qcow2 with an unknown feature",
    code: "image-unknown-features",
    make: (d) => patch(imageOf(d, "qcow2"), qcow2Fields.incompatible, u64be(1n << 40n)),
  },
  {
    name: "qcow2 with extended L2 entries",
    code: "image-unknown-features",
    make: (directory) => {
      const path = join(directory, "x");
      qemuImg("create", "-f", "qcow2", "-o", "extended_l2=on", path, "1M");
      return path;
    },
  },
  {
    name: "encrypted qcow2, made by qemu-img",
    code: "image-encrypted",
    make: (directory) => {
      const path = join(directory, "x");
      qemuImg("create", "-f", "qcow2", "--object", "secret,id=s,data=123456", "-o", "encrypt.format=aes,encrypt.key-secret=s", path, "1M");
      return path;
    },
  },
  { name: "qcow2 of version 4", code: "image-malformed", make: (d) => patch(imageOf(d, "qcow2"), qcow2Fields.version, u32be(4)) },
  { name: "qcow of version 1", code: "image-malformed", make: (d) => imageOf(d, "qcow") },
  {
    name: "qcow2 with clusters of 256 bytes",
    code: "image-malformed",
    make: (d) => patch(imageOf(d, "qcow2"), qcow2Fields.clusterBits, u32be(8)),
  },
  {
    name: "qcow2 with clusters of 4 MiB",
    code: "image-malformed",
    make: (d) => patch(imageOf(d, "qcow2"), qcow2Fields.clusterBits, u32be(22)),
  },
  {
    name: "qcow2 with its L1 table beyond the file",
    code: "image-malformed",
    make: (d) => patch(imageOf(d, "qcow2"), qcow2Fields.l1Offset, u64be(1n << 40n)),
  },
  {
    name: "qcow2 with an L1 offset that is no safe number",
    code: "image-malformed",
    make: (d) => patch(imageOf(d, "qcow2"), qcow2Fields.l1Offset, u64be(1n << 62n)),
  },
  {
    name: "qcow2 with an L1 table of gigabytes",
    code: "image-malformed",
    make: (d) => patch(imageOf(d, "qcow2"), qcow2Fields.l1Entries, u32be(0x0fffffff)),
  },
  {
    name: "qcow2 with an L1 table too short for its size",
    code: "image-malformed",
    make: (d) => patch(imageOf(d, "qcow2"), qcow2Fields.size, u64be(1n << 41n)),
  },
  {
    name: "qcow2 with a header longer than a cluster",
    code: "image-malformed",
    make: (d) => patch(imageOf(d, "qcow2"), qcow2Fields.headerLength, u32be(1 << 30)),
  },
  { name: "qcow2 of no size", code: "image-virtual-size", make: (d) => patch(imageOf(d, "qcow2"), qcow2Fields.size, u64be(0n)) },
  {
    name: "qcow2 of more than 64 TiB",
    code: "image-virtual-size",
    make: (directory) => {
      const path = join(directory, "x");
      qemuImg("create", "-f", "qcow2", "-o", "cluster_size=2M", path, "65T");
      return path;
    },
  },
  {
    name: "qcow2 with a header extension that reaches out of the header",
    code: "image-malformed",
    make: (d) => patch(imageOf(d, "qcow2"), 112 + 4, u32be(0x7fffffff)),
  },
  {
    name: "qcow2 cut off in its header",
    code: "image-malformed",
    make: (directory) => {
      const path = imageOf(directory, "qcow2");
      truncateSync(path, 80);
      return path;
    },
  },
  { name: "VMDK in several files", code: "image-vmdk-type", make: (d) => imageOf(d, "vmdk", ["-o", "subformat=monolithicFlat"]) },
  {
    name: "VMDK in several sparse files",
    code: "image-vmdk-type",
    make: (d) => imageOf(d, "vmdk", ["-o", "subformat=twoGbMaxExtentSparse"]),
  },
  {
    name: "VMDK descriptor that names a file of the host",
    code: "image-vmdk-extent",
    make: (directory) => {
      const path = join(directory, "x.vmdk");
      writeFileSync(
        path,
        '# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicSparse"\nRW 8 FLAT "/etc/passwd" 0\n',
      );
      return path;
    },
  },
  {
    name: "VMDK descriptor alone that names a neighbour",
    code: "image-vmdk-extent",
    make: (directory) => {
      const path = join(directory, "x.vmdk");
      writeFileSync(
        path,
        '# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicSparse"\nRW 8 SPARSE "neighbour"\n',
      );
      return path;
    },
  },
  {
    name: "VMDK descriptor without the usual first line",
    code: "image-vmdk-type",
    make: (directory) => {
      const path = join(directory, "x.vmdk");
      writeFileSync(path, '# anything\n\nversion=1\ncreateType="vmfs"\n');
      return path;
    },
  },
  {
    name: "sparse VMDK whose extent is a path",
    code: "image-vmdk-extent",
    make: (d) => replaceText(imageOf(d, "vmdk"), 'SPARSE "made.vmdk"', 'SPARSE "/etc/pass"'),
  },
  {
    name: "sparse VMDK with a line that does not belong",
    code: "image-vmdk-descriptor",
    make: (d) => replaceText(imageOf(d, "vmdk"), "# Extent description", "& Extent description"),
  },
  {
    name: "sparse VMDK on a parent",
    code: "image-has-backing-file",
    make: (d) => replaceText(imageOf(d, "vmdk"), "parentCID=ffffffff", "parentCID=12345678"),
  },
  {
    name: "sparse VMDK of another type",
    code: "image-vmdk-type",
    make: (d) => replaceText(imageOf(d, "vmdk"), 'createType="monolithicSparse"', 'createType="monolithicSparsX"'),
  },
  { name: "sparse VMDK that is only a descriptor", code: "image-vmdk-extent", make: (d) => patch(imageOf(d, "vmdk"), 12, u64le(0n)) },
  {
    name: "sparse VMDK with its descriptor beyond the file",
    code: "image-vmdk-descriptor",
    make: (d) => patch(imageOf(d, "vmdk"), 28, u64le(1n << 40n)),
  },
  { name: "sparse VMDK without a descriptor", code: "image-vmdk-descriptor", make: (d) => patch(imageOf(d, "vmdk"), 28, u64le(0n)) },
  {
    name: "streamed VMDK whose footer says something else",
    code: "image-malformed",
    make: (directory) => streamedWithFooter(directory, (footer) => footer.writeBigUInt64LE(77n, 28)),
  },
  { name: "VMDK of the old ESX kind", code: "image-vmdk-type", make: (d) => patch(rawDisk(join(d, "x")), 0, "COWD") },
  { name: "VHD of differences", code: "image-has-backing-file", make: (d) => patch(imageOf(d, "vpc"), 60, u32be(4)) },
  { name: "VHD of an unknown type", code: "image-malformed", make: (d) => patch(imageOf(d, "vpc"), 60, u32be(9)) },
  { name: "VDI of differences", code: "image-has-backing-file", make: (d) => patch(imageOf(d, "vdi"), 76, Buffer.from([4, 0, 0, 0])) },
  { name: "VDI with a parent", code: "image-has-backing-file", make: (d) => patch(imageOf(d, "vdi"), 424, Buffer.from([1])) },
  { name: "VHDX with a parent", code: "image-has-backing-file", make: vhdxWithParent },
  { name: "VHDX without metadata", code: "image-malformed", make: (d) => patch(rawDisk(join(d, "x")), 0, "vhdxfile") },
  { name: "QED", code: "image-format-qed", make: (d) => imageOf(d, "qed") },
  { name: "LUKS", code: "image-format-luks", make: (d) => patch(rawDisk(join(d, "x")), 0, Buffer.from("LUKS\xba\xbe\0\x01", "latin1")) },
  { name: "ploop of another version", code: "image-malformed", make: (d) => patch(imageOf(d, "parallels"), 16, Buffer.from([3])) },
  { name: "ploop that is in use", code: "image-malformed", make: (d) => patch(imageOf(d, "parallels"), 44, "Ynot") },
  { name: "ploop larger than its table", code: "image-malformed", make: (d) => patch(imageOf(d, "parallels"), 39, Buffer.from([1])) },
  { name: "ploop that is cut off", code: "image-malformed", make: (d) => patch(rawDisk(join(d, "x"), 20), 0, "WithoutFreeSpace") },
  { name: "nothing", code: "image-empty", make: (d) => rawDisk(join(d, "x"), 0) },
  {
    name: "qcow2 that is a partitioned disk too",
    code: "image-multiple-formats",
    make: (d) => patch(imageOf(d, "qcow2"), 446, partitionTable().subarray(446)),
  },
  { name: "qcow2 that is an ISO too", code: "image-multiple-formats", make: (d) => patch(imageOf(d, "qcow2"), 32769, "CD001") },
  {
    name: "qcow2 that is a fixed VHD too",
    code: "image-multiple-formats",
    make: (directory) => {
      const path = imageOf(directory, "qcow2");
      const size = Number(execFileSync("stat", ["-c", "%s", path], { encoding: "utf8" }));
      return patch(path, size - 512, "conectix");
    },
  },
];

function replaceText(path: string, from: string, to: string): string {
  assert.equal(from.length, to.length);
  const content = execFileSync("cat", [path]);
  const at = content.indexOf(from);
  assert.notEqual(at, -1, `${from} not found`);
  return patch(path, at, to);
}

/** A VMDK as stream writers make it: the header says that its directory's place stands in a copy of the header at the end. */
function streamedWithFooter(directory: string, alter: (footer: Buffer) => void): string {
  const path = imageOf(directory, "vmdk", ["-o", "subformat=streamOptimized"]);
  const content = readFileSync(path);
  const footer = Buffer.from(content.subarray(0, 512));
  alter(footer);
  content.writeBigUInt64LE(0xffffffffffffffffn, 56);
  const marker = Buffer.alloc(512);
  marker.writeUInt32LE(1, 0);
  marker.writeUInt32LE(3, 12);
  writeFileSync(path, Buffer.concat([content, marker, footer, Buffer.alloc(512)]));
  return path;
}

test("a streamed VMDK whose footer is its header is accepted, by us and by qemu", async (t) => {
  const path = streamedWithFooter(temporary(t), () => {});
  const found = await inspectFile(path);
  assert.deepEqual([found.format, found.virtualSize, found.refusal], ["vmdk", mebibyte, undefined]);
  assert.equal(JSON.parse(qemuImg("info", "-f", "vmdk", "--output=json", path))["virtual-size"], mebibyte);
});

function vhdxWithParent(directory: string): string {
  const path = imageOf(directory, "vhdx");
  const content = execFileSync("cat", [path], { maxBuffer: 2 ** 26 });
  const metadata = content.indexOf("metadata", 1024 * 1024);
  const fileParameters = Buffer.from("3767a1ca36fa434db3b633f0aa44e76b", "hex");
  const entry = content.indexOf(fileParameters, metadata);
  assert.ok(metadata > 0 && entry > metadata);
  const parameters = metadata + content.readUInt32LE(entry + 16);
  return patch(path, parameters + 4, Buffer.from([2]));
}

for (const { name, code, make } of hostile) {
  test(`refused as ${code}: ${name}`, async (t) => {
    const found = await inspectFile(make(temporary(t)));
    assert.equal(found.refusal?.code, code, found.refusal?.summary ?? `taken for ${found.format}`);
  });
}
