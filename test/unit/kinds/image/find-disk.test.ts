import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { findDisk } from "../../../../src/kinds/image/archive/find-disk.ts";
import { type Member, tarOf } from "../../../support/tar-of.ts";

const line = ([name, content]: Member) => `SHA256(${name})= ${createHash("sha256").update(content).digest("hex")}\n`;

test("a manifest that names a member again and again is refused before the member is read once more", async () => {
  const descriptor: Member = ["a.ovf", Buffer.from("<Envelope/>")];
  const disk: Member = ["disk.vmdk", Buffer.alloc(4096, 7)];
  const find = (manifest: string) => {
    const archive = tarOf([descriptor, ["a.mf", Buffer.from(manifest)], disk]);
    return findDisk(async (offset, length) => archive.subarray(offset, offset + length), archive.length, "ova");
  };
  const { member, expected } = await find(line(descriptor) + line(disk));
  assert.deepEqual([member.name, member.size, expected?.algorithm], ["disk.vmdk", 4096, "sha256"]);
  await assert.rejects(find(line(descriptor).repeat(3) + line(disk)), /its manifest names "a\.ovf" more than once/);
});
