import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { unpackFile } from "../../../src/host/local/unpack.ts";
import { CodedError } from "../../../src/model/errors.ts";
import { testDirectory } from "./directory.ts";

const content = Buffer.from("before|content|after");
const range = { offset: 7, length: 7 };

test("a part of a file is taken out", async (context) => {
  const directory = await testDirectory(context);
  const [from, to] = [`${directory}/from`, `${directory}/to`];
  writeFileSync(from, content);
  const done = await unpackFile({ from, to, compression: null, range, digests: [] });
  assert.equal(done.content.bytes, 7);
  assert.equal(readFileSync(to, "utf8"), "content");
});

test("nothing is left of a part that the file does not have, or of a file that changed while it was read", async (context) => {
  const directory = await testDirectory(context);
  const [from, to] = [`${directory}/from`, `${directory}/to`];
  writeFileSync(from, content);
  const request = { from, to, compression: null, range, digests: [] } as const;
  await assert.rejects(unpackFile({ ...request, range: { offset: 7, length: 70 } }), /ends before the content/);
  await assert.rejects(
    unpackFile({ ...request, onProgress: () => appendFileSync(from, "x") }),
    (error) => error instanceof CodedError && error.code === "file-changed",
  );
  assert.ok(!existsSync(to));
});
