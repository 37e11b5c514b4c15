import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { version } from "../../../src/version.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { entry, run } from "./support/virtform.ts";

/** Runs virtform with this directory for caches. */
function runWith(cache: string, ...args: string[]) {
  return run(process.execPath, [entry, ...args], { env: { ...process.env, XDG_CACHE_HOME: cache } });
}

test("compiled code is kept for each command after a run that succeeds, and only its user may read it", async (t) => {
  const cache = await temporaryDirectory(t);
  const directory = `${cache}/virtform/compiled`;
  assert.equal((await runWith(cache, "validate", `${cache}/missing.yaml`)).code, 1);
  assert.equal((await runWith(cache, "--version")).stdout, `virtform ${version}\n`);
  await assert.rejects(readdir(directory), { code: "ENOENT" });
  const first = await runWith(cache, "schema");
  assert.deepEqual(await readdir(directory), ["schema.bin"]);
  assert.equal((await stat(directory)).mode & 0o077, 0);
  assert.equal((await stat(`${directory}/schema.bin`)).mode & 0o077, 0);
  assert.deepEqual(await runWith(cache, "schema"), first);
});

test("damaged code is not run but replaced", async (t) => {
  const cache = await temporaryDirectory(t);
  const file = `${cache}/virtform/compiled/schema.bin`;
  const first = await runWith(cache, "schema");
  const whole = await readFile(file);
  const damages: readonly ((bytes: Buffer) => Buffer)[] = [
    (bytes) => Buffer.concat([bytes.subarray(0, 5000), Buffer.alloc(2000), bytes.subarray(7000)]),
    (bytes) => bytes.subarray(0, bytes.length - 4000),
    () => Buffer.alloc(0),
    () => Buffer.from("something else"),
  ];
  for (const damage of damages) {
    await writeFile(file, damage(whole));
    assert.deepEqual(await runWith(cache, "schema"), first);
    assert.ok((await stat(file)).size > whole.length / 2, "it was written again");
  }
});

test("a cache that cannot be written is no problem", async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFile(`${directory}/file`, "");
  // In /proc nothing can be made.
  for (const cache of [`${directory}/file`, "/proc/none"]) {
    const { code, stderr } = await runWith(cache, "schema");
    assert.deepEqual([code, stderr], [0, ""]);
  }
});
