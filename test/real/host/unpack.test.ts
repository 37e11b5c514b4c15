import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { unpackFile } from "../../../src/host/local/unpack.ts";
import { startUnpacker } from "../../../src/host/local/unpacker.ts";
import { download } from "../../../src/host/web/download.ts";
import { CodedError } from "../../../src/model/errors.ts";
import type { Compression } from "../../../src/model/packing.ts";
import { startServer, whole } from "../../unit/host/web-server.ts";
import { temporary } from "../kinds/image/images.ts";

const programs: Readonly<Record<Compression, readonly string[]>> = {
  gz: ["gzip", "-1"],
  xz: ["xz", "-0"],
  zst: ["zstd", "-q"],
  bz2: ["bzip2"],
};
const compressions = Object.keys(programs) as Compression[];
const mebibyte = 2 ** 20;

/** A disk of 48 MiB with data at its start, in its middle, and nothing at its end. */
const disk = Buffer.alloc(48 * mebibyte);
randomBytes(3 * mebibyte).copy(disk, 0);
randomBytes(mebibyte).copy(disk, 20 * mebibyte);

function packed(compression: Compression, content: Buffer): Buffer {
  const [program = "", ...args] = programs[compression];
  return execFileSync(program, [...args, "-c"], { input: content, maxBuffer: 2 ** 28 });
}

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");

test("content is unpacked with holes, and digested, for every compression", async (t) => {
  const directory = temporary(t);
  for (const compression of compressions) {
    const [from, to] = [join(directory, compression), join(directory, `${compression}.to`)];
    writeFileSync(from, packed(compression, disk));
    const { content } = await unpackFile({ from, to, compression, digests: ["sha256"], maxBytes: 5 * mebibyte });
    assert.deepEqual(content, { bytes: disk.length, digests: { sha256: sha256(disk) } }, compression);
    assert.equal(sha256(readFileSync(to)), sha256(disk), compression);
    const { blocks, mode } = statSync(to);
    assert.ok(blocks * 512 <= 5 * mebibyte, `${compression}: ${blocks * 512} bytes are on the disk`);
    assert.equal(mode & 0o777, 0o600, compression);
  }
});

test("after a restart only the new content counts", async (t) => {
  const directory = temporary(t);
  const small = disk.subarray(2 * mebibyte, 2 * mebibyte + 50_000);
  for (const compression of compressions) {
    const to = join(directory, compression);
    const other = packed(compression, randomBytes(6 * mebibyte));
    await using unpacker = await startUnpacker({ compression, to, digests: ["sha256"] }, "disk");
    await unpacker.write(other.subarray(0, 5 * mebibyte));
    await unpacker.restart();
    await unpacker.write(packed(compression, small));
    const done = await unpacker.finish();
    assert.deepEqual(done, { bytes: small.length, digests: { sha256: sha256(small) } }, compression);
    assert.ok(readFileSync(to).equals(small), compression);
  }
});

test("a damaged archive of one address, refused while it comes, leads to the next address", async (t) => {
  const directory = temporary(t);
  for (const compression of compressions) {
    const content = randomBytes(3 * mebibyte);
    const right = packed(compression, content);
    const damaged = Buffer.from(right);
    damaged.fill(0xff, 12, 4096);
    const servers = [await startServer(t, whole(damaged)), await startServer(t, whole(right))];
    const [url = "", mirror = ""] = servers.map(({ origin }) => `${origin}/disk`);
    const to = join(directory, compression);
    const done = await download({
      url,
      alternatives: [mirror],
      expected: { algorithm: "sha256", hex: sha256(right) },
      to: `${to}.packed`,
      digests: ["sha256"],
      unpack: { compression, to, digests: ["sha256"] },
    });
    assert.equal(done.mirror, mirror, compression);
    assert.equal(done.content?.digests.sha256, sha256(content), compression);
    assert.ok(readFileSync(to).equals(content), compression);
  }
});

test("a full file system is reported as such, and not as a damaged file", async (t) => {
  const place = mounted(t);
  for (const compression of compressions) {
    const [from, to] = [join(temporary(t), compression), join(place, "to")];
    writeFileSync(from, packed(compression, randomBytes(6 * mebibyte)));
    await assert.rejects(
      unpackFile({ from, to, compression, digests: ["sha256"] }),
      (error) => error instanceof CodedError && error.code === "no-space",
      compression,
    );
    assert.ok(!existsSync(to), compression);
  }
});

test("a program that writes faster than its output is digested is stopped, so that a bomb ends before it fills the disk", async (t) => {
  const directory = temporary(t);
  const [from, to] = [join(directory, "bomb.zst"), join(directory, "to")];
  execFileSync("sh", ["-c", `head -c 1536M /dev/zero | tr '\\0' x | zstd -1 -q -c > "$1"`, "sh", from]);
  let most = 0;
  const watch = setInterval(() => {
    if (existsSync(to)) most = Math.max(most, statSync(to).blocks * 512);
  }, 5);
  const digests = ["sha224", "sha256", "sha512", "md5"] as const;
  await assert.rejects(
    unpackFile({ from, to, compression: "zst", digests }).finally(() => clearInterval(watch)),
    (error) => error instanceof CodedError && error.code === "image-bomb",
  );
  assert.ok(most < 800 * mebibyte, `${Math.ceil(most / mebibyte)} MiB were on the disk`);
  const content = Buffer.alloc(450 * mebibyte, randomBytes(mebibyte));
  writeFileSync(from, packed("zst", content));
  const done = await unpackFile({ from, to, compression: "zst", digests });
  assert.equal(done.content.digests.sha256, sha256(content), "one that was stopped on its way is whole");
});

/** A file system of 4 MiB. */
function mounted(t: TestContext): string {
  const place = temporary({ after: () => undefined });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=4M", "none", place]);
  // In one hook and in this order: files of the mount are not to be removed one by one, nor a directory with a mount on it.
  t.after(() => {
    execFileSync("umount", [place]);
    rmdirSync(place);
  });
  return place;
}
