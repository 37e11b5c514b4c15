import assert from "node:assert/strict";
import { test } from "node:test";
import { declaredNames } from "../../../src/kinds/config/declared-names.ts";
import { schemaText } from "../../../src/kinds/config-schema.ts";
import { schemaWithNames } from "../../../src/kinds/schema-with-names.ts";

const config = {
  images: { debian: { source: "x" }, kernel: {} },
  flavors: { small: {} },
  instances: { web: { networks: [{ network: "lan" }, { network: "lan" }, { user: true }] }, broken: 3 },
  volumes: "unfinished",
};

interface Node {
  readonly examples?: readonly unknown[];
  readonly [key: string]: unknown;
}

test("names become examples wherever they are expected; without names the examples of the schema stay", () => {
  const names = { ...declaredNames(config), variables: ["env"] };
  const made = JSON.stringify(schemaWithNames(JSON.parse(schemaText()), names));
  const { properties, $defs } = JSON.parse(made);
  const instance: Record<string, Node> = properties.instances.additionalProperties.properties;
  assert.deepEqual(instance["image"]?.examples, ["debian", "kernel"]);
  assert.deepEqual(instance["flavor"]?.examples, ["small"]);
  assert.notDeepEqual(instance["key_pair"]?.examples, []);
  assert.deepEqual($defs.expression.examples, ["${var.env}"]);
  const networks = made.match(/"network":\{"description":"Name of an entry of networks[^}]*?"examples":\[[^\]]*\]/)?.[0];
  assert.match(networks ?? "", /"examples":\["lan"\]$/);
});

test("without any names nothing changes", () => {
  const plain = JSON.parse(schemaText());
  assert.deepEqual(schemaWithNames(plain, { ...declaredNames(undefined), variables: [] }), plain);
});
