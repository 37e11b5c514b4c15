import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFileSync, truncateSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { test } from "node:test";
import { createFollower } from "../../../src/host/local/follower.ts";
import { CodedError } from "../../../src/model/errors.ts";
import { testDirectory } from "./directory.ts";

const nothing = () => undefined;

test("a file that grows is digested piece by piece, and zeros do not count as written", async (context) => {
  const path = `${await testDirectory(context)}/file`;
  writeFileSync(path, Buffer.alloc(1_500_000, 1));
  await using file = await open(path, "r");
  const follower = createFollower(file, { path, what: path, digests: ["sha256"] });
  await follower.catchUp(nothing);
  assert.deepEqual([follower.bytes, follower.written], [1_500_000, 1_500_000]);
  await follower.catchUp(nothing);
  truncateSync(path, 4 * 2 ** 20);
  await follower.catchUp(nothing);
  appendFileSync(path, Buffer.alloc(4096, 2));
  await follower.catchUp(nothing);
  const expected = Buffer.concat([Buffer.alloc(1_500_000, 1), Buffer.alloc(4 * 2 ** 20 - 1_500_000), Buffer.alloc(4096, 2)]);
  assert.equal(follower.bytes, expected.length);
  assert.equal(follower.written, 1_500_000 + 4096);
  assert.equal(follower.digests().sha256, createHash("sha256").update(expected).digest("hex"));
});

test("more data than allowed is refused, and so is what the caller refuses; holes are not limited", async (context) => {
  const path = `${await testDirectory(context)}/file`;
  writeFileSync(path, "");
  truncateSync(path, 8 * 2 ** 20);
  await using file = await open(path, "r");
  const follower = createFollower(file, { path, what: "the image", digests: [], maxWritten: 8192 });
  await follower.catchUp(nothing);
  appendFileSync(path, Buffer.alloc(12_288, 1));
  await assert.rejects(follower.catchUp(nothing), (error) => error instanceof CodedError && error.code === "image-too-large");
  const other = createFollower(file, { path, what: "the image", digests: [] });
  await assert.rejects(
    other.catchUp(() => {
      if (other.bytes > 4 * 2 ** 20) throw new Error("too long");
    }),
    /too long/,
  );
});
