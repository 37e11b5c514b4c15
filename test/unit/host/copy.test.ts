import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { utimesSync } from "node:fs";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { copyFile } from "../../../src/host/local/copy.ts";
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

test("a full filesystem is named in the error", async (context) => {
  const full = await open("/dev/full", "w");
  context.after(() => full.close());
  const sink = createSink(full, { path: "/dev/full", what: "a", digests: [] });
  await assert.rejects(
    sink.write(randomBytes(MiB)),
    (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === "no-space",
  );
});

test("a base image is copied while other disks that are made from it record their use of it; what is verified must not change", async () => {
  const directory = await mkdtemp(`${tmpdir()}/virtform-copy-`);
  try {
    const [from, to] = [`${directory}/base`, `${directory}/disk`];
    await writeFile(from, Buffer.alloc(2 * 2 ** 20, "base"));
    const used = () => utimesSync(from, new Date(), new Date(1_700_000_000_000));
    await copyFile(from, to, { onProgress: used });
    await assert.rejects(
      copyFile(from, to, { digests: ["sha256"], onProgress: () => utimesSync(from, 1, 1) }),
      /changed while it was read/,
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});
