import assert from "node:assert/strict";
import { test } from "node:test";
import { configSchema } from "../../../src/kinds/config-schema.ts";
import { schema } from "../../../src/kinds/schema.ts";

test("with nothing registered at run time, the schema is one object, which is compiled once", () => {
  assert.equal(configSchema(), schema);
});
