import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { imageOf, patch, qemuImg, rawDisk, temporary, u32be, u64be } from "../kinds/image/images.ts";
import { reachedThrough } from "../kinds/image/machine.ts";
import { type Case, sha256, tryAll } from "../kinds/image/try-images.ts";
import { startSshd } from "./sshd.ts";

const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;
const host = createSshHost(sshd.target);
after(() => host.close());
reachedThrough(host);

// One of each class of test/real/kinds/image/hostile*.test.ts: the work is done by other code there.
test("a host over ssh refuses harmful, cut off and packed images for the same reasons, and keeps nothing of them", async (t) => {
  const directory = temporary(t);
  const cases: Case[] = [];
  const add = (name: string, path: string, expected: Case["expected"], changes: Case["changes"] = {}) =>
    cases.push({ name, path, changes, expected });
  const written = (name: string, content: Buffer | string) => {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  };
  const qcow2 = imageOf(directory, "qcow2");
  const whole = readFileSync(qcow2);
  const backed = join(directory, "backed");
  qemuImg("create", "-q", "-u", "-f", "qcow2", "-F", "raw", "-b", "/etc/shadow", backed, "1M");
  add("a backing file", backed, /^image-has-backing-file$/);
  add("a cut image", written("cut", whole.subarray(0, whole.length - 70_000)), /^image-(?:incomplete|malformed)$/);
  add("snapshots that qemu refuses", patch(written("snapshots", whole), 60, u32be(0xffffffff)), /^image-malformed$/);
  add("an L1 table behind the end", patch(written("l1", whole), 40, u64be(2n ** 40n)), /^image-malformed$/);
  const vmdk = '# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicSparse"\nRW 8 FLAT "/etc/shadow" 0\n';
  add("a VMDK extent of the host", written("extent.vmdk", vmdk), /^image-vmdk-extent$/, { diskFormat: "vmdk" });
  add("a page", written("page", "<!DOCTYPE html><html>"), /^image-is-text$/, { diskFormat: "raw" });
  add("a packed file", written("packed", gzipSync(whole)), /^image-packed$/);
  const bomb = execFileSync("zstd", ["-q", "-c"], { input: Buffer.alloc(300 * 2 ** 20, "A"), maxBuffer: 2 ** 28 });
  add("a bomb", written("bomb.zst", bomb), /^image-bomb$/, { unpack: "zst", diskFormat: "raw" });
  const xz = execFileSync("xz", ["-0", "-c", qcow2], { maxBuffer: 2 ** 28 });
  add("a cut xz file", written("cut.xz", xz.subarray(0, -20)), /^image-unpack$/, { unpack: "xz" });
  add("an xz file with something behind it", written("more.xz", Buffer.concat([xz, Buffer.from("and more")])), /^image-unpack$/, {
    unpack: "xz",
  });
  const streams = [whole.subarray(0, 70_000), whole.subarray(70_000)].map((input) =>
    execFileSync("bzip2", ["-c"], { input, maxBuffer: 2 ** 28 }),
  );
  streams[1]?.writeUInt8(0, 0);
  add("a bzip2 file of two streams, the second of which is damaged", written("streams.bz2", Buffer.concat(streams)), /^image-unpack$/, {
    unpack: "bz2",
  });
  symlinkSync("/etc/shadow", join(directory, "disk.raw"));
  const link = execFileSync("tar", ["-cf", "-", "-C", directory, "disk.raw"]);
  add("an archive with a link", written("link.tar", link), /^image-archive$/, { unpack: "tar", diskFormat: "raw" });
  add("a checksum that does not match", qcow2, /^image-checksum-mismatch$/, { checksum: { algorithm: "sha256", hex: "0".repeat(64) } });
  const half = Buffer.alloc(2 ** 20);
  half.writeUInt8(0x83, 450);
  half.writeUInt32LE(2048, 454);
  half.writeUInt32LE(0xffff, 458);
  half.writeUInt16LE(0xaa55, 510);
  add("a disk without its second half", written("half.raw", half), /^image-incomplete$/, { diskFormat: "raw" });
  add("a device", "/dev/zero", /^(?:not-a-regular-file|image-source-not-a-file)$/, { diskFormat: "raw" });
  add("an honest image", qcow2, { refusedOr: sha256(rawDisk(join(directory, "expected"))) });
  assert.equal(await tryAll(t, cases), cases.length - 1);
});
