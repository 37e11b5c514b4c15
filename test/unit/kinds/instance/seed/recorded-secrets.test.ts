import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Config } from "../../../../../src/kinds/config.ts";
import { compareSecrets, recordedSecrets } from "../../../../../src/kinds/instance/seed/recorded-secrets.ts";
import { secretsDigest } from "../../../../../src/kinds/instance/seed/secrets.ts";

const text = "#cloud-config\n";
const sha256 = createHash("sha256").update(text).digest("hex");
const config = { instances: { web: { user_data: { text } } } } as unknown as Config;
const values = recordedSecrets(config, (reference) => ("env" in reference && reference.env === "PW" ? "hunter2" : undefined));

test("what a drive was built with is looked up by its record", () => {
  assert.deepEqual(values({ user_data: { sha256, lines: 1 }, admin_password: { env: "PW" } }), {
    userData: Buffer.from(text),
    adminPassword: "hunter2",
  });
  assert.deepEqual(values({ user_data: { env: "PW" }, admin_password: null }), { userData: Buffer.from("hunter2"), adminPassword: null });
});

test("what has no references, or refers to something that is not available, is not compared", () => {
  assert.equal(values({ user_data: { sha256, lines: 1 }, admin_password: null }), null);
  assert.equal(values({ user_data: null, admin_password: { env: "OTHER" } }), null);
  assert.equal(values({ user_data: { sha256: "0".repeat(64), lines: 1 }, admin_password: { env: "PW" } }), null);
});

test("the comparison is data: same, changed or unknown", () => {
  const seed = Buffer.alloc(512, 1);
  const applied = { user_data: null, admin_password: { env: "PW" } };
  const digestOf = (secrets: Parameters<typeof secretsDigest>[0]) => secretsDigest(secrets, seed);
  const built = (adminPassword: string) => ({ applied, secrets: digestOf({ userData: null, adminPassword }) });
  assert.equal(compareSecrets(built("hunter2"), values, digestOf), "same");
  assert.equal(compareSecrets(built("other"), values, digestOf), "changed");
  assert.equal(compareSecrets(null, values, digestOf), "unknown");
});
