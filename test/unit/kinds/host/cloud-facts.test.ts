import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cloudDoor } from "../../../../src/commands/cloud-door.ts";
import { lookUpCloud } from "../../../../src/kinds/host/cloud-facts.ts";
import { cloudRules } from "../../../../src/kinds/image/cloud-rules.ts";
import type { HostFacts } from "../../../../src/model/host-facts.ts";
import { answered, cloudWith } from "../../sources/cloud.ts";

test("a file of rules that is there and cannot be read is a mistake, never permission", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "virtform-rules-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const at = (name: string) => join(directory, name);
  mkdirSync(at("directory"));
  writeFileSync(at("long"), "");
  truncateSync(at("long"), 2 ** 20 + 1);
  symlinkSync("/dev/null", at("device"));
  symlinkSync("loop", at("loop"));
  writeFileSync(at("good"), "");
  symlinkSync("good", at("link"));
  const mistakesOf = async (name: string) => {
    const { context } = cloudWith(() => answered(200), { policy_file: at(name), property_protection_file: at(name) });
    const { readText } = cloudDoor({});
    const { clouds } = context;
    assert.ok(clouds !== undefined);
    const images = { debian: { source: "glance://debian", disk_format: "raw" } } as const;
    const cloud = await lookUpCloud({ ...context, clouds: { ...clouds, readText } }, images);
    return cloudRules({ cloud } as unknown as HostFacts)?.mistakes.map(({ key, what }) => `${key} ${what}`);
  };
  for (const name of ["directory", "long", "device", "loop", "missing"]) {
    const mistakes = await mistakesOf(name);
    assert.equal(mistakes?.length, 2, name);
    assert.match(mistakes[0] ?? "", /^policy_file The file cannot be read: it is missing, not a regular file, longer than 1 MiB/);
    assert.match(mistakes[1] ?? "", /^property_protection_file The file cannot be read/);
  }
  assert.deepEqual(await mistakesOf("link"), []);
});
