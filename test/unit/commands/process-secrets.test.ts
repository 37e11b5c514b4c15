import assert from "node:assert/strict";
import { test } from "node:test";
import { processSecrets } from "../../../src/commands/process-secrets.ts";

test("variables that are referred to leave the environment and can still be looked up", () => {
  const environment: Record<string, string | undefined> = { WEB_PASSWORD: "correct horse" };
  const secrets = processSecrets(environment);
  secrets.withdraw({ instances: { web: { admin_password: { env: "WEB_PASSWORD" } } } });
  assert.deepEqual(environment, {});
  assert.equal(secrets.lookUp({ env: "WEB_PASSWORD" }), "correct horse");
  assert.equal(processSecrets(environment).lookUp({ env: "WEB_PASSWORD" }), undefined);
});

test("an `env` among the user's own words is no reference", () => {
  const environment = { STAGE: "blue" };
  processSecrets(environment).withdraw({ instances: { web: { metadata: { env: "STAGE" } } } });
  assert.deepEqual(environment, { STAGE: "blue" });
});
