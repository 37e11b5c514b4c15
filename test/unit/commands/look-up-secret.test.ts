import assert from "node:assert/strict";
import { test } from "node:test";
import { lookUpSecret, withdrawSecrets } from "../../../src/commands/look-up-secret.ts";

test("variables that are referred to leave the environment and can still be looked up", () => {
  process.env["VIRTFORM_TEST_PASSWORD"] = "correct horse";
  withdrawSecrets({ instances: { web: { admin_password: { env: "VIRTFORM_TEST_PASSWORD" } } } });
  assert.equal(process.env["VIRTFORM_TEST_PASSWORD"], undefined);
  assert.equal(lookUpSecret({ env: "VIRTFORM_TEST_PASSWORD" }), "correct horse");
});

test("an `env` among the user's own words is no reference", () => {
  process.env["VIRTFORM_TEST_STAGE"] = "blue";
  withdrawSecrets({ instances: { web: { metadata: { env: "VIRTFORM_TEST_STAGE" } } } });
  assert.equal(process.env["VIRTFORM_TEST_STAGE"], "blue");
});
