import assert from "node:assert/strict";
import { test } from "node:test";
import { earlyPaths } from "../../../bin/lib/early-paths.ts";
import { apply } from "../../../src/commands/apply.ts";
import type { CommandDefinition } from "../../../src/commands/command.ts";
import { destroy } from "../../../src/commands/destroy.ts";
import { drift } from "../../../src/commands/drift.ts";
import { plan } from "../../../src/commands/plan.ts";

const commands: Readonly<Record<string, CommandDefinition>> = { plan, apply, drift, destroy };

for (const [command, { options }] of Object.entries(commands)) {
  const values = Object.entries(options).filter(([, { type, bare }]) => type === "string" && bare === undefined);
  test(`the value of an option of ${command} is no path of its configuration`, () => {
    assert.ok(values.length > 0);
    for (const [option] of values) {
      for (const dashes of ["-", "--"]) {
        const paths = earlyPaths([command, "site", `${dashes}${option}`, "other.yaml"]);
        // Undefined: with this option the host may be another one.
        if (paths !== undefined) assert.deepEqual(paths, ["site"], `${dashes}${option}`);
      }
    }
  });
  test(`an option of ${command} without a value is followed by a path of its configuration`, () => {
    for (const option of Object.keys(options).filter((name) => !values.some(([other]) => other === name)))
      assert.deepEqual(earlyPaths([command, `--${option}`, "site"]), ["site"], option);
  });
}

test("nothing is known of a host that options may change, nor of commands that need no host", () => {
  for (const option of ["--host", "--host=a=b", "-var=x=y", "--var-file", "-h", "--help"])
    assert.equal(earlyPaths(["plan", option, "site"]), undefined, option);
  for (const command of ["validate", "list", "", "--version"]) assert.equal(earlyPaths([command, "site"]), undefined, command);
  assert.deepEqual(earlyPaths(["plan"]), []);
  assert.deepEqual(earlyPaths(["plan", "-out=x.yaml", "a", "b.yaml"]), ["a", "b.yaml"]);
});
