import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { digestBehind } from "../../../src/host/local/digest-behind.ts";
import { onSync } from "../../../src/host/local/durable.ts";
import { testDirectory } from "./directory.ts";

const mebibyte = 2 ** 20;
const random = randomBytes(16 * mebibyte);

/** A part of a file that a program writes at once, or leaves out. */
type Piece = { readonly data: number } | { readonly hole: number };

/** Writes a new file as qemu-img does: its length at once, then the pieces in order. */
async function writeInOrder(path: string, pieces: readonly Piece[], betweenMs: number): Promise<void> {
  await pause(20);
  const file = openSync(path, "wx");
  ftruncateSync(
    file,
    pieces.reduce((sum, piece) => sum + ("data" in piece ? piece.data : piece.hole), 0),
  );
  let position = 0;
  for (const piece of pieces) {
    if ("data" in piece) {
      writeSync(file, random, 0, piece.data, position);
      await pause(betweenMs);
    }
    position += "data" in piece ? piece.data : piece.hole;
  }
  closeSync(file);
}

const dense: readonly Piece[] = Array.from({ length: 24 }, () => ({ data: 6 * mebibyte }));
const cases: Readonly<Record<string, readonly Piece[]>> = {
  "data only": dense,
  "holes between data": Array.from({ length: 16 }, () => [{ data: 9 * mebibyte }, { hole: 40 * mebibyte }]).flat(),
  "a long hole, and data of odd lengths": [{ data: 70_001 }, { hole: 300 * mebibyte + 4097 }, ...dense, { data: 513 }],
  "a hole at the end": [...dense, { hole: 64 * mebibyte }],
  "no data": [{ hole: 80 * mebibyte }],
  nothing: [],
};

for (const [name, pieces] of Object.entries(cases)) {
  test(`a file that is written in order is digested meanwhile: ${name}`, async (context) => {
    const path = `${await testDirectory(context)}/file`;
    const writer = writeInOrder(path, pieces, 15);
    const { digests, synced } = await digestBehind(path, ["sha256"], writer);
    await synced;
    assert.equal((await digests).sha256, createHash("sha256").update(readFileSync(path)).digest("hex"));
  });
}

test("most of a file is digested and on the disk before its writer ends", async (context) => {
  const path = `${await testDirectory(context)}/file`;
  let syncs = 0;
  context.after(onSync(() => (syncs += 1)));
  let done = 0;
  let before = 0;
  // The writer waits for what reads behind it, but for the last 48 MiB.
  const writer = (async () => {
    await writeInOrder(path, dense, 0);
    for (let waited = 0; waited < 2000 && done < 96 * mebibyte; waited += 1) await pause(10);
    before = done;
  })();
  const { digests, synced } = await digestBehind(path, ["sha256"], writer, (bytes) => {
    done = bytes;
  });
  await synced;
  assert.ok(before >= 96 * mebibyte, `${before} bytes were digested`);
  assert.ok(before <= 112 * mebibyte, `${before} bytes were digested, although a writer may be behind`);
  assert.ok(syncs > 0, "nothing was synced");
  assert.equal((await digests).sha256, createHash("sha256").update(readFileSync(path)).digest("hex"));
});

test("a writer that fails, or never makes the file, and a stop end the digest", async (context) => {
  const path = `${await testDirectory(context)}/file`;
  const failing = await digestBehind(
    path,
    ["sha256"],
    writeInOrder(path, dense, 0).then(() => Promise.reject(new Error("it failed"))),
  );
  await assert.rejects(failing.digests, /was stopped/);
  await failing.synced;
  const missing = await digestBehind(`${path}-missing`, ["sha256"], Promise.resolve());
  await Promise.all([missing.digests, missing.synced].map((promise) => assert.rejects(promise, /does not exist/i)));
  const stop = new AbortController();
  const stopping = await digestBehind(path, ["sha256"], pause(300), undefined, stop.signal);
  stop.abort();
  await assert.rejects(stopping.digests, /was stopped/);
});

test("a sync that fails fails the file", async (context) => {
  const path = `${await testDirectory(context)}/file`;
  const failure = Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO", syscall: "fsync" });
  context.after(
    onSync(() => {
      throw failure;
    }),
  );
  const { digests, synced } = await digestBehind(path, ["sha256"], writeInOrder(path, dense, 15));
  await assert.rejects(synced, /disk reports an error/);
  await digests;
});
