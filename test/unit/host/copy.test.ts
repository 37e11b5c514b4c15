import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { test } from "node:test";
import { createLocalFiles } from "../../../src/host/local/files.ts";
import { createSink } from "../../../src/host/sink.ts";
import { dataRuns } from "../../../src/host/sparse.ts";
import { UserError } from "../../../src/model/errors.ts";
import { copyCases } from "./copy-cases.ts";

const MiB = 2 ** 20;

copyCases("here", createLocalFiles());

test("only blocks with something in them are data", () => {
  const buffer = Buffer.alloc(5 * 4096 + 10);
  assert.deepEqual(dataRuns(buffer), []);
  buffer[4096] = 1;
  buffer[2 * 4096 + 4095] = 1;
  buffer[5 * 4096 + 9] = 1;
  assert.deepEqual(dataRuns(buffer), [
    { start: 4096, end: 3 * 4096 },
    { start: 5 * 4096, end: 5 * 4096 + 10 },
  ]);
  assert.deepEqual(dataRuns(Buffer.alloc(0)), []);
});

test("a full filesystem is told as such", async (context) => {
  const full = await open("/dev/full", "w");
  context.after(() => full.close());
  const sink = createSink(full, { path: "/dev/full", what: "a", digests: [] });
  await assert.rejects(
    sink.write(randomBytes(MiB)),
    (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === "no-space",
  );
});
