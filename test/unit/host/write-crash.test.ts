import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { createLocalFiles } from "../../../src/host/local/files.ts";
import { temporaryName } from "../../../src/host/temporary-name.ts";
import { testDirectory } from "./directory.ts";

const files = createLocalFiles();

/** Starts a process that replaces a file over and over, and reports the first replacement. */
async function startWriter(path: string) {
  const writer = spawn(process.execPath, [`${import.meta.dirname}/write-child.ts`, path], { stdio: ["ignore", "pipe", "inherit"] });
  await once(writer.stdout, "data");
  return writer;
}

test("a writer that is killed leaves the old content or the new, and what it left is cleared away by the next", async (context) => {
  const directory = await testDirectory(context);
  const path = `${directory}/record.json`;
  for (let round = 0; round < 10; round += 1) {
    const writer = await startWriter(path);
    const ended = once(writer, "exit");
    writer.kill("SIGKILL");
    await ended;
    const { number, filler } = JSON.parse(readFileSync(path, "utf8"));
    assert.equal(filler, String(number).repeat(1000));
  }
  await files.writeAtomic(path, "{}");
  assert.deepEqual(readdirSync(directory), ["record.json"]);
});

test("temporary files are removed only when their process is gone", async (context) => {
  const directory = await testDirectory(context);
  const path = `${directory}/a`;
  const mine = temporaryName(path);
  const dead = mine.replace(/-\d+-\d+\.tmp$/, "-1-1.tmp");
  const elsewhere = mine.replace(/\.[0-9a-f]{12}-/, ".0123456789ab-");
  const longAgo = elsewhere.replace(/-\d+\.tmp$/, "-99.tmp");
  const strangers = `${directory}/a.tmp`;
  for (const file of [mine, dead, elsewhere, longAgo, strangers]) writeFileSync(file, "");
  utimesSync(longAgo, 1, 1);
  await files.writeAtomic(path, "x");
  const left = readdirSync(directory).map((name) => `${directory}/${name}`);
  assert.deepEqual(left, [path, elsewhere, mine, strangers].sort());
});

test("writers of one file at the same time do not disturb one another", async (context) => {
  const directory = await testDirectory(context);
  await Promise.all(Array.from({ length: 20 }, (_, index) => files.writeAtomic(`${directory}/a`, String(index).repeat(5000))));
  assert.match(readFileSync(`${directory}/a`, "utf8"), /^(\d+?)\1+$/);
  assert.deepEqual(readdirSync(directory), ["a"]);
});
