import assert from "node:assert/strict";
import { test } from "node:test";
import { runMain } from "./run-main.ts";

const files = {
  "virtform.yaml": `project: shop
variables: { role: { type: string, default: reader } }
host: { uri: "qemu:///system?socket=/nonexistent", instances_path: /nonexistent/instances, role: "\${var.role}" }
`,
};

test("a configuration of a reader applies, destroys and saves nothing, before any host is contacted", async (t) => {
  for (const argv of [
    ["apply", "--auto-approve"],
    ["destroy", "--auto-approve"],
    ["gc", "--auto-approve"],
    ["start", "web"],
    ["image", "rm", "debian"],
    ["plan", "--out", "site.plan"],
  ]) {
    const { code, stderr } = await runMain(t, argv, files);
    assert.equal(code, 1, argv.join(" "));
    assert.match(stderr, /^Error: This configuration only reads localhost\n/m, argv.join(" "));
  }
});

test("a reader plans, and with another value of the variable a plan may be saved", async (t) => {
  for (const argv of [["plan"], ["plan", "--out", "site.plan", "--var", "role=admin"]]) {
    const { stderr } = await runMain(t, argv, files);
    assert.doesNotMatch(stderr, /only reads/, argv.join(" "));
    assert.match(stderr, /\/nonexistent/, argv.join(" "));
  }
});
