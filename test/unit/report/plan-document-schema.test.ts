import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { failedPlanJson, planJson } from "../../../src/report/json.ts";
import { planDocumentSchema } from "../../../src/report/plan-document-schema.ts";
import { closedSchema } from "../../support/closed-schema.ts";
import { plan as create } from "./plans/create.ts";
import { plan as mixed } from "./plans/mixed.ts";
import { plan as nothing } from "./plans/nothing.ts";
import { failure, planOf } from "./support.ts";

const head = { version: "0.1.0", now: new Date(0) };

test("the published schema of the plan document is current and valid", () => {
  const published = readFileSync(new URL("../../../schemas/plan.schema.json", import.meta.url), "utf8");
  assert.deepEqual(JSON.parse(published), planDocumentSchema, "run npm run schema");
  assert.ok(new Ajv2020({ strict: true, allowUnionTypes: true }).compile(planDocumentSchema));
});

test("every plan document follows the schema and has no key that the schema does not describe", () => {
  const check = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(closedSchema(planDocumentSchema));
  const domain = { what: "domain", name: "other", owner: "shop", note: "runs", uuid: "u", uses: ["/disk"], takes: { memory: 1, vcpus: 2 } };
  const several = planOf(mixed.changes, { hosts: [mixed, create], unmanaged: [domain] });
  const documents = [create, mixed, nothing, several].map((plan) => planJson(plan, head));
  for (const document of [...documents, failedPlanJson(failure("no", "host-unreachable"), head)]) {
    assert.ok(check(JSON.parse(JSON.stringify(document))), JSON.stringify(check.errors, null, 2));
  }
  assert.equal(check({ ...documents[0], complete: "yes" }), false);
  assert.equal(check({ ...documents[0], surprise: true }), false);
});
