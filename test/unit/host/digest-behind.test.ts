import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { digestBehind } from "../../../src/host/local/digest-behind.ts";
import { onSync } from "../../../src/host/local/durable.ts";
import { startGrowing } from "../../../src/model/growth.ts";
import { testDirectory } from "./directory.ts";

const mebibyte = 2 ** 20;
const random = randomBytes(16 * mebibyte);

/** Writes a file of these many pieces of 6 MiB, the later one of two first. What is not final has wrong bytes before. */
async function write(path: string, pieces: number, onFinal: (bytes: number) => void, betweenMs = 3): Promise<void> {
  const length = 6 * mebibyte;
  const file = openSync(path, "wx");
  try {
    ftruncateSync(file, pieces * length);
    for (let first = 0; first < pieces; first += 2) {
      writeSync(file, Buffer.alloc(length, "not final"), 0, length, first * length);
      if (first + 1 < pieces) writeSync(file, random, mebibyte, length, (first + 1) * length);
      onFinal(first * length);
      await pause(betweenMs);
      writeSync(file, random, 0, length, first * length);
      onFinal(Math.min(first + 2, pieces) * length);
    }
  } finally {
    closeSync(file);
  }
}

const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

for (const isPastCache of [false, true])
  for (const pieces of [0, 1, 5, 24])
    test(`a file of ${pieces} pieces is digested while it is written${isPastCache ? " past the page cache" : ""}, and no byte before it is final`, async (context) => {
      const path = `${await testDirectory(context)}/file`;
      const { growth } = startGrowing((onFinal) => write(path, pieces, onFinal), { isPastCache });
      const { digests, synced } = digestBehind(path, ["sha256"], growth);
      await synced;
      assert.equal((await digests).sha256, sha256(path));
    });

test("bytes become final at any place, and the length of a file that is read past the page cache is any", async (context) => {
  const path = `${await testDirectory(context)}/file`;
  const bytes = random.subarray(0, 5 * mebibyte + 700);
  const { growth } = startGrowing(
    async (onFinal) => {
      writeFileSync(path, bytes);
      for (const final of [1, 4095, 4097, mebibyte + 3, 5 * mebibyte + 699]) {
        onFinal(final);
        await pause(1);
      }
    },
    { isPastCache: true },
  );
  const { digests, synced } = digestBehind(path, ["sha256"], growth);
  await synced;
  assert.equal((await digests).sha256, sha256(path));
});

test("a file is digested and on the disk as far as it is final before its writer ends", async (context) => {
  const path = `${await testDirectory(context)}/file`;
  let syncs = 0;
  context.after(onSync(() => (syncs += 1)));
  let done = 0;
  const { growth, written } = startGrowing(async (onFinal) => {
    await write(path, 24, onFinal, 0);
    for (let waited = 0; waited < 2000 && (done < 144 * mebibyte || syncs === 0); waited += 1) await pause(10);
    assert.equal(done, 144 * mebibyte);
    assert.ok(syncs > 0, "nothing was synced");
  });
  const { digests, synced } = digestBehind(path, ["sha256"], growth, (bytes) => {
    done = bytes;
  });
  await Promise.all([written, synced]);
  assert.equal((await digests).sha256, sha256(path));
});

test("a writer that fails, or never makes the file, and a stop end the digest", async (context) => {
  const path = `${await testDirectory(context)}/file`;
  const failing = startGrowing((onFinal) => write(path, 24, onFinal).then(() => Promise.reject(new Error("it failed"))));
  failing.written.catch(() => undefined);
  const failed = digestBehind(path, ["sha256"], failing.growth);
  await assert.rejects(failed.digests, /was stopped/);
  await failed.synced;
  const missing = digestBehind(`${path}-missing`, ["sha256"], startGrowing(() => Promise.resolve()).growth);
  await Promise.all([missing.digests, missing.synced].map((promise) => assert.rejects(promise, /does not exist/i)));
  const never = startGrowing(() => Promise.reject(new Error("it failed")));
  never.written.catch(() => undefined);
  const nothing = digestBehind(`${path}-missing`, ["sha256"], never.growth);
  await assert.rejects(nothing.digests, /was stopped/);
  await nothing.synced;
  const stop = new AbortController();
  const slow = startGrowing((onFinal) => write(`${path}-slow`, 24, onFinal));
  const stopping = digestBehind(`${path}-slow`, ["sha256"], slow.growth, () => stop.abort(), stop.signal);
  await assert.rejects(stopping.digests, /was stopped/);
  await Promise.all([slow.written, stopping.synced]);
});

test("a sync that fails fails the file", async (context) => {
  const path = `${await testDirectory(context)}/file`;
  const failure = Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO", syscall: "fsync" });
  context.after(
    onSync(() => {
      throw failure;
    }),
  );
  const { digests, synced } = digestBehind(path, ["sha256"], startGrowing((onFinal) => write(path, 24, onFinal)).growth);
  await assert.rejects(synced, /disk reports an error/);
  await digests;
});
