import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Config } from "../../../../../src/kinds/config.ts";
import { type BuiltSecrets, changedSecrets, recordedSecrets } from "../../../../../src/kinds/instance/seed/recorded-secrets.ts";
import { secretDigest, secretsDigest } from "../../../../../src/kinds/instance/seed/secrets.ts";
import type { SecretRef } from "../../../../../src/model/secret.ts";

const text = "#cloud-config\n";
const sha256 = createHash("sha256").update(text).digest("hex");
const config = {
  instances: {
    web: { user_data: { text }, admin_password: { env: "PW" } },
    db: { user_data: { env: "PW" }, admin_password: { env: "OTHER" } },
  },
} as unknown as Config;
const values = recordedSecrets(config, (reference) => ("env" in reference && reference.env === "PW" ? "hunter2" : undefined));

test("what a drive was built with is looked up by its record", () => {
  assert.deepEqual(values({ user_data: { sha256, lines: 1 }, admin_password: { env: "PW" } }), {
    userData: Buffer.from(text),
    adminPassword: "hunter2",
  });
  assert.deepEqual(values({ user_data: { env: "PW" }, admin_password: null }), { userData: Buffer.from("hunter2"), adminPassword: null });
});

test("a value that is not available is not known", () => {
  assert.deepEqual(values({ user_data: null, admin_password: { env: "OTHER" } }), { userData: null, adminPassword: undefined });
  const unknown = values({ user_data: { sha256: "0".repeat(64), lines: 1 }, admin_password: { env: "PW" } });
  assert.deepEqual(unknown, { userData: undefined, adminPassword: "hunter2" });
});

test("references that only a label has are not looked up", () => {
  const asked: SecretRef[] = [];
  const recorded = recordedSecrets(config, (reference) => {
    asked.push(reference);
    return "hunter2";
  });
  const unknown = { userData: undefined, adminPassword: undefined };
  assert.deepEqual(recorded({ user_data: { command: ["touch", "/tmp/x"] }, admin_password: { file: "/etc/shadow" } }), unknown);
  assert.deepEqual(recorded({ user_data: { env: "HOME" }, admin_password: { command: ["id"] } }), unknown);
  assert.deepEqual(asked, []);
  assert.deepEqual(recorded({ user_data: null, admin_password: { env: "PW" } }), { userData: null, adminPassword: "hunter2" });
});

const seed = Buffer.alloc(512, 1);

test("changed secrets are told apart, also where another one is not available", () => {
  const applied = { user_data: { env: "PW" }, admin_password: { env: "PW" } };
  const built = (userData: string, adminPassword: string): BuiltSecrets => ({
    applied,
    secrets: secretsDigest({ userData: Buffer.from(userData), adminPassword }, seed),
    secretDigests: {
      user_data: secretDigest("user_data", Buffer.from(userData), seed),
      admin_password: secretDigest("admin_password", adminPassword, seed),
    },
  });
  assert.deepEqual(changedSecrets(built("hunter2", "hunter2"), values, seed), []);
  assert.deepEqual(changedSecrets(built("other", "hunter2"), values, seed), ["user_data"]);
  assert.deepEqual(changedSecrets(built("hunter2", "other"), values, seed), ["admin_password"]);
  const lost = { ...built("other", "other"), applied: { ...applied, user_data: { env: "LOST" } } };
  assert.deepEqual(changedSecrets(lost, values, seed), ["admin_password"]);
  assert.deepEqual(changedSecrets(null, values, seed), []);
});

test("a label of an earlier version names all references where one of them changed", () => {
  const applied = { user_data: { env: "PW" }, admin_password: { env: "PW" } };
  const built = (adminPassword: string) => ({
    applied,
    secrets: secretsDigest({ userData: Buffer.from("hunter2"), adminPassword }, seed),
  });
  assert.deepEqual(changedSecrets(built("hunter2"), values, seed), []);
  assert.deepEqual(changedSecrets(built("other"), values, seed), ["user_data", "admin_password"]);
});
