import assert from "node:assert/strict";
import { test } from "node:test";
import type { UsedVariable } from "../../../src/model/used-variable.ts";
import { change, planOf, recordingReporter } from "./support.ts";

const variables: readonly UsedVariable[] = [
  { name: "env", value: "prod", sensitive: false, from: "--var" },
  { name: "servers", value: Array.from({ length: 50 }, (_, index) => `web-${index}`), sensitive: false, from: "default" },
  { name: "password", value: null, sensitive: true, from: "VIRTFORM_VAR_password" },
];

async function reported(format: string): Promise<string> {
  const { reporter, stdout } = await recordingReporter({ command: "plan", format });
  reporter.event({ type: "plan", plan: planOf([change("volume/data", "create")], { variables }) });
  await reporter.close();
  return stdout.text;
}

test("the text of a plan begins with the variables that it depends on", async () => {
  const lines = (await reported("text")).split("\n");
  assert.deepEqual(lines.slice(0, 2), ["Variables:", '  env      = "prod"  (--var)']);
  assert.match(lines[2] ?? "", /^ {2}servers {2}= \["web-0",.{80,95}…$/);
  assert.equal(lines[3], "  password = (sensitive)  (VIRTFORM_VAR_password)");
});

test("Markdown lists them above the objects", async () => {
  const text = await reported("markdown");
  assert.match(text, /\*\*Variables\*\*\n\n- `env = "prod"` \(\S*var\)\n- `servers = .*…`\n- `password = \(sensitive\)`/);
  assert.ok(text.indexOf("**Variables**") < text.indexOf("volume/data"));
});

test("JSON has them as Terraform does, without the value of a secret", async () => {
  const { variables: found } = JSON.parse(await reported("json"));
  assert.deepEqual(found.env, { value: "prod", from: "--var" });
  assert.equal(found.servers.value.length, 50);
  assert.deepEqual(found.password, { value: null, sensitive: true, from: "VIRTFORM_VAR_password" });
});
