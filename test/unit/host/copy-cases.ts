import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { test } from "node:test";
import { RefusedError, UserError } from "../../../src/model/errors.ts";
import type { Files } from "../../../src/model/host.ts";
import { testDirectory } from "./directory.ts";

const MiB = 2 ** 20;

/** A file of 20 MiB with data at its start, at an odd place in the middle, and nothing at its end. */
function writeSparse(path: string): void {
  const file = openSync(path, "w");
  writeSync(file, randomBytes(5000), 0, 5000, 0);
  writeSync(file, randomBytes(3 * MiB), 0, 3 * MiB, 7 * MiB + 123);
  ftruncateSync(file, 20 * MiB);
  closeSync(file);
}

const hash = (algorithm: string, data: Buffer) => createHash(algorithm).update(data).digest("hex");

/** What copies and digests of every machine have to do, as tests. */
export function copyCases(machine: string, files: Files): void {
  for (const digests of [[], ["sha256", "sha512", "md5"]] as const) {
    test(`${machine}: a copy has the same bytes, and holes where there were zeros (${digests.length} digests)`, async (context) => {
      const directory = await testDirectory(context);
      writeSparse(`${directory}/a`);
      const content = readFileSync(`${directory}/a`);
      const steps: number[] = [];
      const copied = await files.copy(`${directory}/a`, `${directory}/b`, {
        digests,
        onProgress: (done, total) => {
          assert.equal(total, 20 * MiB);
          steps.push(done);
        },
      });
      assert.ok(readFileSync(`${directory}/b`).equals(content));
      assert.equal(copied.bytes, 20 * MiB);
      assert.deepEqual(copied.digests, Object.fromEntries(digests.map((name) => [name, hash(name, content)])));
      assert.ok(statSync(`${directory}/b`).blocks * 512 <= 3 * MiB + 64 * 1024, "holes are kept");
      assert.equal(steps.at(-1), 20 * MiB);
    });
  }

  test(`${machine}: small files are copied with holes and digests as well`, async (context) => {
    const directory = await testDirectory(context);
    const content = Buffer.alloc(196_608 + 1);
    content.write("QFI", 0);
    content.write("end", 150_000);
    writeFileSync(`${directory}/template`, content, { mode: 0o444 });
    const { digests } = await files.copy(`${directory}/template`, `${directory}/disk`, { digests: ["sha1"] });
    assert.ok(readFileSync(`${directory}/disk`).equals(content));
    assert.equal(digests.sha1, hash("sha1", content));
    const { blocks, mode } = statSync(`${directory}/disk`);
    assert.ok(blocks * 512 <= 2 * 4096);
    assert.equal(mode & 0o777, 0o600);
    writeFileSync(`${directory}/empty`, "");
    assert.equal((await files.copy(`${directory}/empty`, `${directory}/empty2`)).bytes, 0);
    assert.equal(statSync(`${directory}/empty2`).size, 0);
  });

  test(`${machine}: another name of what was there before is not written into`, async (context) => {
    const directory = await testDirectory(context);
    writeFileSync(`${directory}/base`, "precious");
    linkSync(`${directory}/base`, `${directory}/staged`);
    writeFileSync(`${directory}/new`, "new");
    await files.copy(`${directory}/new`, `${directory}/staged`);
    assert.equal(readFileSync(`${directory}/base`, "utf8"), "precious");
    assert.equal(readFileSync(`${directory}/staged`, "utf8"), "new");
  });

  test(`${machine}: a link is followed only when asked to`, async (context) => {
    const directory = await testDirectory(context);
    writeFileSync(`${directory}/a`, "content");
    symlinkSync("a", `${directory}/link`);
    await files.copy(`${directory}/link`, `${directory}/b`, { followLinks: true });
    assert.equal(readFileSync(`${directory}/b`, "utf8"), "content");
  });

  test(`${machine}: too large a file is refused before a byte of it is copied`, async (context) => {
    const directory = await testDirectory(context);
    await files.truncate(`${directory}/a`, 3 * MiB);
    await assert.rejects(
      files.copy(`${directory}/a`, `${directory}/b`, { maxBytes: 2 * MiB }),
      (error: unknown) => error instanceof RefusedError && error.code === "image-too-large" && error.message.includes("3MiB"),
    );
    assert.equal(existsSync(`${directory}/b`), false);
  });

  test(`${machine}: a copy that is stopped leaves nothing`, async (context) => {
    const directory = await testDirectory(context);
    writeFileSync(`${directory}/a`, randomBytes(8 * MiB));
    const controller = new AbortController();
    const copying = files.copy(`${directory}/a`, `${directory}/b`, {
      digests: ["sha256"],
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await assert.rejects(copying, (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === "interrupted");
    assert.equal(existsSync(`${directory}/b`), false);
  });

  test(`${machine}: digests of a file are those of its bytes`, async (context) => {
    const directory = await testDirectory(context);
    const content = randomBytes(5 * MiB + 7);
    writeFileSync(`${directory}/a`, content);
    let last = 0;
    const digests = await files.digest(`${directory}/a`, ["sha256", "sha1"], (done) => {
      last = done;
    });
    assert.deepEqual(digests, { sha256: hash("sha256", content), sha1: hash("sha1", content) });
    assert.equal(last, content.length);
  });
}
