import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { commands } from "../../../src/commands/index.ts";
import { version } from "../../../src/version.ts";
import { assertGolden } from "../../support/golden.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { checkout, virtform } from "./support/virtform.ts";

const fixtures = `${checkout}test/real/cli/fixtures`;

/** Command lines by the name of their golden file; "empty" is a directory with nothing in it. */
const cases: Readonly<Record<string, { readonly argv: readonly string[]; readonly cwd?: string }>> = {
  overview: { argv: ["--help"] },
  nothing: { argv: [] },
  version: { argv: ["--version"] },
  "help-of-a-command": { argv: ["help", "plan"] },
  "help-unknown": { argv: ["help", "aply"] },
  "unknown-command": { argv: ["aply"] },
  "unknown-command-nothing-near": { argv: ["frobnicate"] },
  "options-first": { argv: ["--json", "plan"] },
  "unknown-option": { argv: ["plan", "--tarjet", "web"] },
  "unknown-short-option": { argv: ["plan", "-x"] },
  "option-without-value": { argv: ["plan", "--out"] },
  "flag-with-value": { argv: ["plan", "--json=yes"] },
  ...Object.fromEntries(Object.keys(commands).map((name) => [`help-${name}`, { argv: [name, "--help"] }])),
  "validate-ok": { argv: ["validate"], cwd: `${fixtures}/valid` },
  "validate-ok-json": { argv: ["validate", "--json"], cwd: `${fixtures}/valid` },
  "validate-errors": { argv: ["validate"], cwd: `${fixtures}/broken` },
  "validate-errors-json": { argv: ["validate", "--json"], cwd: `${fixtures}/broken` },
  "validate-two-paths": { argv: ["validate", "valid", "broken"], cwd: fixtures },
  "plan-errors": { argv: ["plan"], cwd: `${fixtures}/broken` },
  "plan-errors-json": { argv: ["plan", "--json"], cwd: `${fixtures}/broken` },
  "apply-errors-json": { argv: ["apply", "--json", "--auto-approve"], cwd: `${fixtures}/broken` },
  "plan-not-yaml": { argv: ["plan", "not-yaml.txt"], cwd: fixtures },
  "plan-missing-path": { argv: ["plan", "nowhere"], cwd: fixtures },
  "plan-missing-path-json": { argv: ["plan", "nowhere", "--json"], cwd: fixtures },
  "first-run-plan": { argv: ["plan"], cwd: "empty" },
  "first-run-apply": { argv: ["apply"], cwd: "empty" },
  "bad-duration": { argv: ["apply", "--lock-timeout", "30"], cwd: `${fixtures}/valid` },
  "bad-duration-unit": { argv: ["destroy", "--lock-timeout=2days"], cwd: `${fixtures}/valid` },
  "bad-parallelism-zero": { argv: ["apply", "--parallelism=0"], cwd: `${fixtures}/valid` },
  "bad-parallelism-word": { argv: ["apply", "--parallelism", "many"], cwd: `${fixtures}/valid` },
  "bad-parallelism-fraction": { argv: ["apply", "--parallelism", "1.5"], cwd: `${fixtures}/valid` },
  "completion-which": { argv: ["completion"] },
  "completion-unknown": { argv: ["completion", "tcsh"] },
  "console-which": { argv: ["console"], cwd: `${fixtures}/valid` },
  "image-which": { argv: ["image"], cwd: `${fixtures}/valid` },
  "image-unknown-verb": { argv: ["image", "look"], cwd: `${fixtures}/valid` },
  "image-unknown-name": { argv: ["image", "lock", "debain"], cwd: `${fixtures}/valid` },
};

for (const [name, { argv, cwd }] of Object.entries(cases)) {
  test(`virtform ${argv.join(" ")} (${name})`, async (t) => {
    const directory = cwd === "empty" ? await temporaryDirectory(t) : (cwd ?? fixtures);
    const { code, stdout, stderr } = await virtform(argv, { cwd: directory });
    const text = [`$ virtform ${argv.join(" ")}`, `exit ${code}`, "--- stdout", stdout, "--- stderr", stderr].join("\n");
    const steady = text
      .replaceAll(version, "VERSION")
      .replaceAll(`directory: ${directory}`, "directory: DIRECTORY")
      .replaceAll(/"(@?timestamp)":( ?)"[^"]*"/g, '"$1":$2"TIME"');
    assertGolden(new URL(`golden/${name}.txt`, import.meta.url), steady);
  });
}

test("virtform schema prints the schema that is published", async () => {
  const { code, stdout, stderr } = await virtform(["schema"]);
  assert.deepEqual([code, stdout, stderr], [0, await readFile(`${checkout}schemas/config.schema.json`, "utf8"), ""]);
});
