import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { decide, look } from "../../src/decide.ts";
import { lookJson, observedOfJson } from "../../src/model/observed.ts";
import { applied, createWorld, layout, runOn } from "../crash/world.ts";
import { assertGolden } from "../support/golden.ts";
import { doByHand } from "./by-hand.ts";
import { type Case, readCase } from "./case.ts";
import { applyPatch } from "./patch.ts";
import { textOf } from "./text-of.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const names = readdirSync(`${here}cases`).map((name) => name.replace(/\.txt$/, ""));
const bases = readdirSync(`${here}bases`).map((name) => name.replace(/\.yaml$/, ""));
const baseOf = (name: string) => readFileSync(`${here}bases/${name}.yaml`, "utf8");
const caseOf = (name: string) => readCase(readFileSync(`${here}cases/${name}.txt`, "utf8"), baseOf);

/** What the command prints as its plan, with what goes to standard error where it appears on a terminal. */
async function planText({ applied: before, wanted, byHand, command, env, envThen, replace, exclude, changes }: Case): Promise<string> {
  const machine = createWorld();
  if (before !== undefined) {
    await applied(machine, before, { env });
    // The apply measured this machine, on which forecasts must not depend.
    machine.files.unlink(layout.rates);
  }
  const run = await runOn(machine.boot(), wanted, {
    destroy: command !== "plan",
    images: command === "destroy --images",
    env: envThen,
    replace,
    exclude,
  });
  for (const line of byHand) doByHand(machine, line);
  const observed = await look(run);
  await run.context.host.close();
  const made = decide(run, observed);
  // What was observed is plain data: written and read again, it gives the same plan, without the host.
  const recorded = observedOfJson(JSON.parse(JSON.stringify(lookJson(observed))));
  assert.equal(JSON.stringify(decide(run, recorded)), JSON.stringify(made), "the plan from what was recorded");
  assert.equal(made.changes.length > 0, changes, "whether there is anything to do");
  return textOf(made, command === "plan" ? "plan" : "destroy");
}

for (const name of names) {
  test(`plan: ${name}`, async () => {
    const given = caseOf(name);
    assertGolden(`${here}cases/${name}.txt`, given.head + (await planText(given)));
  });
}

test("every base is used", () => {
  const used = new Set(names.map((name) => /^base: (.*)$/m.exec(caseOf(name).head)?.[1]));
  assert.deepEqual([...used].sort(), bases.sort());
});

test("the same plan on every machine: nothing in it depends on when and where it is made", async () => {
  for (const name of ["create", "user-data", "destroy"]) assert.equal(await planText(caseOf(name)), await planText(caseOf(name)));
});

test("a patch fits at one place or is refused", () => {
  const text = "a\n  b\na\nc\n";
  assert.equal(applyPatch(text, ["-  b", "+  B", "+", "@@", " c", "+d"]), "a\n  B\n\na\nc\nd\n");
  assert.equal(applyPatch(text, []), text);
  assert.throws(() => applyPatch(text, ["-a"]), /fits at 2 places/);
  assert.throws(() => applyPatch(text, ["-x"]), /fits at 0 places/);
  assert.throws(() => applyPatch(text, ["+x"]), /must fit at one/);
  assert.throws(() => applyPatch(text, ["c"]), /begins with/);
});

test("a mistake in a case is an error", async () => {
  assert.throws(() => readCase("base: shop\n", baseOf), /no line "----"/);
  assert.throws(() => readCase("base: shop\nchanged:\n----\n", baseOf), /unknown key changed/);
  assert.throws(() => readCase("base: shop\ncommand: apply\n----\n", baseOf), /unknown command apply/);
  assert.throws(() => doByHand(createWorld(), "turn web off"), /not known: turn web off/);
});
