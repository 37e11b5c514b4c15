import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createTextReporter } from "../../src/report/text.ts";
import { applied, configOf, createWorld, planOf, runOn } from "../crash/world.ts";
import { assertGolden } from "../support/golden.ts";
import { changeless, situations } from "./situations.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const names = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** What `virtform plan` prints, with what goes to standard error where it appears on a terminal. */
async function planText(name: string): Promise<string> {
  const want = readFileSync(`${here}${name}/want.yaml`, "utf8");
  const have = existsSync(`${here}${name}/have.yaml`) ? readFileSync(`${here}${name}/have.yaml`, "utf8") : want;
  const { fresh = false, before, env, envThen, destroy = false, images = false } = situations[name] ?? {};
  const machine = createWorld();
  if (!fresh) await applied(machine, have, env === undefined ? {} : { env });
  const run = await runOn(machine.boot(), want, { destroy, images, ...(envThen === undefined ? {} : { env: envThen }) });
  await before?.(machine);
  const made = await planOf(run);
  assert.equal(made.changes.length === 0, changeless.has(name), "whether there is anything to do");
  let text = "";
  const output = {
    write(part: string) {
      text += part;
    },
  };
  createTextReporter({
    color: false,
    stdout: output,
    stderr: output,
    command: destroy ? "destroy" : "plan",
    interactive: false,
    version: "0",
  }).event({ type: "plan", plan: made });
  return text;
}

for (const name of names) {
  test(`plan: ${name}`, async () => {
    assertGolden(`${here}${name}/plan.txt`, await planText(name));
  });
}

test("every situation has its folder", () => {
  for (const name of [...Object.keys(situations), ...changeless]) assert.ok(names.includes(name), name);
});

test("the same plan on every machine: nothing in it depends on when and where it is made", async () => {
  for (const name of ["create", "user-data", "destroy"]) assert.equal(await planText(name), await planText(name));
});

test("every want.yaml and have.yaml is a configuration that is valid", async () => {
  for (const name of names) await configOf(readFileSync(`${here}${name}/want.yaml`, "utf8"));
});
