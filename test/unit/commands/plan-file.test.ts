import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readPlanFile, refuseUnknownActions, writePlanFile } from "../../../src/commands/plan-file.ts";
import { UserError } from "../../../src/model/errors.ts";
import type { Plan } from "../../../src/model/plan.ts";
import { shop } from "../../crash/shop.ts";
import { createWorld, planOf, runOn } from "../../crash/world.ts";

function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "virtform-plan-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** A saved plan with this content under a digest that fits. */
function forge(path: string, content: string): void {
  const sha256 = createHash("sha256").update(content).digest("hex");
  writeFileSync(path, `{"virtform_plan":"1.0","virtform_version":"1","sha256":"${sha256}"}\n${content}\n`);
}

const made = await planOf({ ...(await runOn(createWorld().boot(), shop())), fingerprints: true });

test("a plan comes back as it was saved", async (t) => {
  const path = join(temporary(t), "site.plan");
  await writePlanFile(path, made, "1");
  assert.deepEqual(await readPlanFile(path, "1"), JSON.parse(JSON.stringify(made)));
});

const [first] = made.actions;
const wrongShapes: Readonly<Record<string, string>> = {
  empty: "",
  null: "null",
  "a list": "[]",
  text: '"plan"',
  "not JSON": "{",
  "nested deep": "[".repeat(200_000),
  ...Object.fromEntries(
    Object.keys(made).flatMap((key) => [
      [`${key} null`, JSON.stringify({ ...made, [key]: null })],
      [`no ${key}`, JSON.stringify({ ...made, [key]: undefined })],
    ]),
  ),
  "an image cache outside of the instances path": JSON.stringify({ ...made, target: { ...made.target, imageCacheName: "../other" } }),
  ...Object.fromEntries(
    Object.entries({
      "a list": [],
      "another section": { keys: {} },
      "an instance with a further key": { instances: { web: { image: "debian" } } },
      "an instance of a wrong name": { instances: { "../web": {} } },
      "an instance of a wrong uuid": { instances: { web: { adopt: true, uuid: "../web" } } },
      "a negative count": { instances: { web: { count: -1 } } },
      "too many instances": {
        instances: Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`web${index}`, { count: 100_000 }])),
      },
      "a volume of a wrong name": { volumes: { "a/b": {} } },
      "a network that is renamed from a list": { networks: { lan: { renamed_from: ["a"] } } },
      "a published image without content": { published: { golden: null } },
    }).map(([what, sought]) => [`what was sought: ${what}`, JSON.stringify({ ...made, sought })]),
  ),
  "an action null": JSON.stringify({ ...made, actions: [null] }),
  "an action without id": JSON.stringify({ ...made, actions: [{ ...first, id: undefined }] }),
  "an action that waits for none of the plan": JSON.stringify({ ...made, actions: [{ ...first, after: ["nowhere#do"] }] }),
  "an action twice": JSON.stringify({ ...made, actions: [first, first] }),
  "an unknown effect": JSON.stringify({ ...made, actions: [{ ...first, effect: "explode" }] }),
  "an address without kind": JSON.stringify({ ...made, changes: [{ ...made.changes[0], address: "web" }] }),
};

for (const [what, content] of Object.entries(wrongShapes)) {
  test(`a saved plan whose content is wrong is one clear error that names it: ${what}`, async (t) => {
    const path = join(temporary(t), "site.plan");
    forge(path, content);
    await assert.rejects(readPlanFile(path, "1"), (error) => {
      assert.ok(error instanceof UserError, String((error as Error).stack));
      assert.equal(error.diagnostics.length, 1);
      assert.match(error.message, /site\.plan is damaged/);
      return true;
    });
  });
}

test("an action of an unknown type is refused before anything is done", () => {
  const plan: Plan = {
    ...made,
    actions: made.actions.map((action, index) => (index === 1 ? { ...action, type: "disk.explode" } : action)),
  };
  const types = [...new Set(made.actions.map(({ type }) => type))].map((type) => ({ type }));
  assert.doesNotThrow(() => refuseUnknownActions("site.plan", made, types));
  assert.throws(() => refuseUnknownActions("site.plan", plan, types), /site\.plan is damaged/);
});

test("a first line that is no head is an error too", async (t) => {
  const path = join(temporary(t), "site.plan");
  for (const head of ['{"virtform_plan":"1.0"', '{"virtform_plan":"1.0","virtform_version":null}', '{"virtform_plan"}']) {
    writeFileSync(path, `${head}\nnull\n`);
    await assert.rejects(readPlanFile(path, "1"), UserError);
  }
});

test("a huge saved plan is refused unread, and a huge or special file is no saved plan", async (t) => {
  const directory = temporary(t);
  const path = join(directory, "site.plan");
  forge(path, "null");
  truncateSync(path, 2 ** 40);
  await assert.rejects(readPlanFile(path, "1"), /site\.plan is too large/);
  const large = join(directory, "large.yaml");
  writeFileSync(large, "project: shop\n");
  truncateSync(large, 2 ** 40);
  assert.equal(await readPlanFile(large, "1"), undefined);
  mkdirSync(join(directory, "directory"));
  execFileSync("mkfifo", [join(directory, "pipe")]);
  for (const special of [join(directory, "directory"), join(directory, "pipe"), "/dev/zero", join(directory, "nowhere")])
    assert.equal(await readPlanFile(special, "1"), undefined, special);
});
