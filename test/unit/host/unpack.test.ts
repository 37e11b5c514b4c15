import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { unpackFile } from "../../../src/host/local/unpack.ts";
import { CodedError } from "../../../src/model/errors.ts";
import { testDirectory } from "./directory.ts";

const content = Buffer.from("before|content|after");
const parts = [{ offset: 7, length: 7 }];

test("a part of a file is taken out", async (context) => {
  const directory = await testDirectory(context);
  const [from, to] = [`${directory}/from`, `${directory}/to`];
  writeFileSync(from, content);
  const done = await unpackFile({ from, to, compression: null, parts, digests: [] });
  assert.equal(done.content.bytes, 7);
  assert.equal(readFileSync(to, "utf8"), "content");
});

test("parts of a file, and zeros between them, become one file with holes", async (context) => {
  const directory = await testDirectory(context);
  const [from, to] = [`${directory}/from`, `${directory}/to`];
  writeFileSync(from, content);
  const zeros = 5 * 2 ** 20 + 3;
  const pieces = [
    { offset: 15, length: 5 },
    { offset: null, length: zeros },
    { offset: 0, length: 6 },
  ] as const;
  const done = await unpackFile({ from, to, compression: null, parts: pieces, digests: ["sha256"] });
  const expected = Buffer.concat([Buffer.from("after"), Buffer.alloc(zeros), Buffer.from("before")]);
  assert.ok(readFileSync(to).equals(expected));
  assert.deepEqual(done.content, { bytes: expected.length, digests: { sha256: createHash("sha256").update(expected).digest("hex") } });
  assert.ok(statSync(to).blocks * 512 < 2 ** 20, "holes");
});

test("nothing is left of a part that the file does not have, or of a file that changed while it was read", async (context) => {
  const directory = await testDirectory(context);
  const [from, to] = [`${directory}/from`, `${directory}/to`];
  writeFileSync(from, content);
  const request = { from, to, compression: null, parts, digests: [] } as const;
  await assert.rejects(unpackFile({ ...request, parts: [{ offset: 7, length: 70 }] }), /ends before the content/);
  await assert.rejects(
    unpackFile({ ...request, onProgress: () => appendFileSync(from, "x") }),
    (error) => error instanceof CodedError && error.code === "file-changed",
  );
  assert.ok(!existsSync(to));
});
