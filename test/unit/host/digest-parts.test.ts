import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { digestParts } from "../../../src/host/local/digest-parts.ts";
import { testDirectory } from "./directory.ts";

const mebibyte = 2 ** 20;
const content = randomBytes(5 * mebibyte + 300);
const sha256 = (...pieces: readonly Uint8Array[]) => createHash("sha256").update(Buffer.concat(pieces)).digest("hex");

test("parts of a file are digested in their order, with zeros between them and behind the end", async (context) => {
  const path = `${await testDirectory(context)}/file`;
  writeFileSync(path, content);
  const parts = [
    { offset: 3 * mebibyte + 7, length: 2 * mebibyte },
    { offset: null, length: mebibyte + 1 },
    { offset: 512, length: 1 },
    { offset: 5 * mebibyte, length: 1000 },
    { offset: 9 * mebibyte, length: 10 },
    { offset: 0, length: 0 },
  ];
  const progress: number[] = [];
  const { sha256: found } = await digestParts(path, Promise.resolve(parts), ["sha256"], (done) => progress.push(done));
  const expected = [
    content.subarray(3 * mebibyte + 7, 5 * mebibyte + 7),
    Buffer.alloc(mebibyte + 1),
    content.subarray(512, 513),
    content.subarray(5 * mebibyte),
    Buffer.alloc(710),
  ];
  assert.equal(found, sha256(...expected));
  assert.equal(progress.at(-1), 3 * mebibyte + 1012);
  assert.equal((await digestParts(path, Promise.resolve([]), ["sha256"])).sha256, sha256());
});

test("the file may be removed before its parts are known", async (context) => {
  const path = `${await testDirectory(context)}/file`;
  writeFileSync(path, content);
  const parts = Promise.withResolvers<readonly [{ readonly offset: 0; readonly length: number }]>();
  const digests = digestParts(path, parts.promise, ["sha256"]);
  // The file is opened by another thread.
  await new Promise((resolve) => setTimeout(resolve, 200));
  rmSync(path);
  parts.resolve([{ offset: 0, length: content.length }]);
  assert.equal((await digests).sha256, sha256(content));
});

test("it fails when the file is missing, as the search for the parts does, and when it is stopped", async (context) => {
  const path = `${await testDirectory(context)}/file`;
  const parts = [{ offset: 0, length: content.length }];
  await assert.rejects(digestParts(path, Promise.resolve(parts), ["sha256"]), /file/);
  writeFileSync(path, content);
  await assert.rejects(digestParts(path, Promise.reject(new Error("no map")), ["sha256"]), /no map/);
  const stop = new AbortController();
  const stopped = digestParts(path, Promise.resolve(parts), ["sha256"], () => stop.abort(), stop.signal);
  await assert.rejects(stopped, { code: "interrupted" });
});
