import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { test } from "node:test";
import { createSink, sinkBlock } from "../../../src/host/sink.ts";
import { testDirectory } from "./directory.ts";

test("a sink takes other bytes after a restart, though what came before was refused in the background", async (context) => {
  const path = `${await testDirectory(context)}/file`;
  await using file = await open(path, "wx+");
  let refusing = true;
  const also = {
    async write() {
      if (refusing) throw new Error("refused");
    },
    async restart() {
      refusing = false;
    },
  };
  const sink = createSink(file, { path, what: path, digests: ["sha256"], also });
  // Not in whole blocks, which are written at once.
  const pieces = async (content: Buffer) => {
    for (let at = 0; at < content.length; at += 100_000) await sink.write(content.subarray(at, at + 100_000));
  };
  await assert.rejects(pieces(randomBytes(3 * sinkBlock)), /refused/);
  await sink.restart();
  const content = randomBytes(2 * sinkBlock + 77);
  await pieces(content);
  assert.deepEqual(await sink.finish(), { sha256: createHash("sha256").update(content).digest("hex") });
  assert.ok(readFileSync(path).equals(content));
});

test("a sink cuts off what it does not adopt, and leaves a file alone of which it adopts everything", async (context) => {
  const path = `${await testDirectory(context)}/file`;
  for (const [content, bytes] of [
    ["", 0],
    ["content", 7],
    ["content", 3],
  ] as const) {
    writeFileSync(path, content);
    await using file = await open(path, "r+");
    utimesSync(path, 1000, 1000);
    const sink = createSink(file, { path, what: path, digests: ["sha256"] });
    await sink.adopt(bytes);
    assert.equal(readFileSync(path, "utf8"), content.slice(0, bytes));
    assert.equal(statSync(path).mtimeMs === 1_000_000, bytes === content.length);
  }
});
