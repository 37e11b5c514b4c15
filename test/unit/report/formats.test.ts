import assert from "node:assert/strict";
import { test } from "node:test";
import { formatNames, registerFormat } from "../../../src/report/index.ts";
import { runMain } from "../commands/run-main.ts";
import { plan as create } from "./plans/create.ts";
import { recordingReporter } from "./support.ts";

/** A form of output that shows plans and checks as comma-separated values. */
function registerCsv() {
  return registerFormat({
    name: "csv",
    load:
      async () =>
      ({ stdout }) => ({
        event(event) {
          if (event.type === "plan") for (const { address, verb } of event.plan.changes) stdout.write(`${verb},${address}\n`);
          if (event.type === "result" && event.result.kind === "validation") {
            stdout.write("severity,code\n");
            for (const { severity, code } of event.result.diagnostics) stdout.write(`${severity},${code}\n`);
          }
          if (event.type === "failed") for (const { code } of event.diagnostics) stdout.write(`failed,${code}\n`);
        },
        close: async () => {},
      }),
  });
}

test("a format that is registered shows plans, checks and failures of every command, and is gone when it is disposed", async (t) => {
  {
    using _csv = registerCsv();
    assert.ok(formatNames("apply").includes("csv"));
    assert.throws(registerCsv, /exists already/);
    const { reporter, stdout } = await recordingReporter({ format: "csv" });
    reporter.event({ type: "plan", plan: create });
    assert.match(stdout.text, /^create,image\//m);
    const broken = await runMain(t, ["validate", "--format", "csv"], { "virtform.yaml": "project: shop\nprojects: shop\n" });
    assert.deepEqual(broken, { code: 1, stdout: "severity,code\nerror,unknown-key\n", stderr: "" });
    const nowhere = await runMain(t, ["plan", "--format=csv"], {});
    assert.deepEqual(nowhere, { code: 1, stdout: "failed,no-configuration\n", stderr: "" });
  }
  const gone = await runMain(t, ["validate", "--format", "csv"], { "virtform.yaml": "project: shop\n" });
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /^Error: Unknown output format: csv\n\n {2}Use one of text, json, markdown, junit, sarif\.\n/);
});

test("a format that cannot show a command is an error that names those that can", async (t) => {
  const { code, stderr } = await runMain(t, ["validate", "--format", "tui"], { "virtform.yaml": "project: shop\n" });
  assert.equal(code, 1);
  assert.match(stderr, /^Error: validate has no output format tui\n\n {2}Use one of text, json, markdown, junit, sarif\.\n/);
});

test("--json is --format json", async (t) => {
  const files = { "virtform.yaml": "project: shop\nprojects: shop\n" };
  const [short, long] = [await runMain(t, ["validate", "--json"], files), await runMain(t, ["validate", "--format", "json"], files)];
  assert.equal(JSON.parse(short.stdout).error_count, 1);
  assert.deepEqual(long, short);
});
