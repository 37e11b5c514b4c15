import assert from "node:assert/strict";
import { test } from "node:test";
import { checkTogether } from "../../../src/config/check-together.ts";
import type { Schema } from "../../../src/config/keywords.ts";
import { instanceSchema } from "../../../src/kinds/instance/schema.ts";

const check = (value: object) =>
  checkTogether({ schema: instanceSchema as unknown as Schema, value, pointer: ["instances", "web"] }).map(({ code, summary, pointer }) => [
    code,
    summary,
    pointer.at(-1),
  ]);

test("an adopted instance needs a uuid and has nothing that virtform would make", () => {
  const uuid = "5b1c8f1e-7f0c-4f5e-9d5a-0d5f5e0f0a01";
  assert.deepEqual(check({ adopt: true, uuid, flavor: "s", disks: [] }), []);
  assert.deepEqual(check({ image: "debian", flavor: "s" }), []);
  assert.deepEqual(check({ adopt: true, flavor: "s", image: "debian", count: 2 }), [
    ["missing-key", "adopt needs uuid", "adopt"],
    ["key-not-allowed", "count cannot be combined with adopt", "count"],
    ["key-not-allowed", "image cannot be combined with adopt", "image"],
  ]);
  assert.deepEqual(check({ image: "debian", flavor: "s", disks: [] }), [["missing-key", "disks needs adopt", "disks"]]);
});
