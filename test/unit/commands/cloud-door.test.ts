import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cloudDoor } from "../../../src/commands/cloud-door.ts";
import { UserError } from "../../../src/model/errors.ts";

test("a file of settings that is too large, or is no file, is an error and is not read in part", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "virtform-cloud-door-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const { readText } = cloudDoor({});
  const whole = join(directory, "clouds.yaml");
  await writeFile(whole, "clouds: {}\n");
  assert.equal(readText(whole), "clouds: {}\n");
  assert.equal(readText(join(directory, "none.yaml")), undefined);
  const large = join(directory, "large.pem");
  await writeFile(large, "x".repeat(2 ** 20 + 1));
  const refused = (path: string, code: string) =>
    assert.throws(
      () => readText(path),
      (error) => error instanceof UserError && error.diagnostics[0]?.code === code && error.message.includes(path),
    );
  refused(large, "file-too-large");
  refused("/dev/zero", "not-a-file");
  refused(directory, "not-a-file");
});
