import assert from "node:assert/strict";
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { schemaCheckText } from "../../../bin/lib/schema-check-text.ts";
import { ownKeywords } from "../../../src/config/keywords.ts";
import { createAjv, validate } from "../../../src/config/validate.ts";
import type { CompiledCheck } from "../../../src/kinds/accepts.ts";
import { schemaText } from "../../../src/kinds/config-schema.ts";
import { schema } from "../../../src/kinds/schema.ts";

interface Node {
  readonly [keyword: string]: unknown;
}

test("the published schema is current (npm run schema writes it)", () => {
  const published = readFileSync(join(import.meta.dirname, "../../../schemas/config.schema.json"), "utf8");
  assert.equal(published, schemaText());
});

test("the compiled check of the build says no exactly where there is something to explain", async (t) => {
  // Below the checkout, whose packages it imports, where the linter does not look.
  const cache = join(import.meta.dirname, "../../../.cache");
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, "compiled-check-"));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "accepts.mjs"), schemaCheckText(schema));
  const { compiledCheck }: { compiledCheck: CompiledCheck } = await import(join(directory, "accepts.mjs"));
  const { accepts } = compiledCheck;
  const flavor = { vcpus: 1, ram: "1GiB", disk: "1GiB" };
  const long = "ä".repeat(256);
  const values = [
    {},
    null,
    [],
    { project: "shop" },
    { project: "-" },
    { projects: "shop" },
    { flavors: { small: flavor } },
    { flavors: { small: { ...flavor, vcpus: 0 } } },
    { flavors: { small: { ...flavor, extra_specs: { "acme:x": long.slice(1) } } } },
    { flavors: { small: { ...flavor, extra_specs: { "acme:x": long } } } },
    { flavors: { small: { ...flavor, extra_specs: { "acme:x": "\u{1f600}".repeat(255) } } } },
    { instances: { "web-": {} } },
  ];
  for (const value of values) assert.equal(accepts(value), validate(schema, value).length === 0, JSON.stringify(value));
  assert.ok(accepts(values[8]) && accepts(values[10]) && !accepts(values[9]));
  const check = createAjv().compile(schema);
  const answers = new Set<boolean>();
  for (const example of exampleFiles()) {
    for (const edited of [example, ...editsOf(example)]) {
      const answer = accepts(edited);
      answers.add(answer);
      assert.equal(answer, check(edited), JSON.stringify(edited));
    }
  }
  assert.equal(answers.size, 2);
});

/** The configurations of `examples`. */
function exampleFiles(): unknown[] {
  const directory = join(import.meta.dirname, "../../../examples");
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith("virtform.yaml"));
  assert.ok(files.length > 3);
  return files.map((name) => parse(readFileSync(join(directory, name), "utf8")));
}

/** The same value with one part replaced or removed, for each part. */
function editsOf(value: unknown): unknown[] {
  const others = [null, -1, "x", [], {}];
  if (typeof value !== "object" || value === null) return others;
  if (Array.isArray(value)) return [...others, ...value.flatMap((item, index) => editsOf(item).map((edited) => value.with(index, edited)))];
  const inside = Object.entries(value).flatMap(([key, one]) => {
    const { [key]: _removed, ...rest } = value as Record<string, unknown>;
    return [rest, { ...rest, [`${key}x`]: one }, ...editsOf(one).map((edited) => ({ ...value, [key]: edited }))];
  });
  return [...others, ...inside];
}

test("the schema is a valid JSON Schema 2020-12", () => {
  const ajv = new Ajv2020({ strict: false });
  assert.ok(ajv.validateSchema(JSON.parse(schemaText())), JSON.stringify(ajv.errors));
});

test("the published schema takes expressions, for_each and anchors, and nothing else more", () => {
  const check = new Ajv2020({ strict: false }).compile(JSON.parse(schemaText()));
  const root = join(import.meta.dirname, "../../..");
  for (const file of [
    "test/unit/config/diagnostics/variables-valid/virtform.yaml",
    ...globSync("examples/*/virtform.yaml", { cwd: root }),
  ]) {
    const written = parse(readFileSync(join(root, file), "utf8"), { merge: true });
    assert.ok(check(written), `${file}: ${JSON.stringify(check.errors?.[0])}`);
  }
  const flavor = { vcpus: 1, ram: "1GiB", disk: "1GiB" };
  const accepts = (flavors: unknown) => check({ project: "shop", flavors: { small: flavors } });
  assert.ok(accepts({ ...flavor, vcpus: "${var.n}", ram: "${var.ram}", extra_specs: "${local.specs}", for_each: ["a"] }));
  for (const wrong of [{ vcpus: "1" }, { ram: "1GB" }, { extra_specs: [] }, { for_each: 1 }, { foreach: [] }])
    assert.ok(!accepts({ ...flavor, ...wrong }));
});

test("no keyword is misspelt", () => {
  const ajv = new Ajv2020({ strictTypes: false, strictRequired: false });
  ajv.addVocabulary([...ownKeywords, "enumDescriptions", "markdownEnumDescriptions", "patternErrorMessage"]);
  assert.doesNotThrow(() => ajv.compile(JSON.parse(schemaText())));
});

test("every property says what it is, and what is a plain value gives an example", () => {
  const found = [...properties(schema as Node, "")];
  assert.ok(found.length > 50, `only ${found.length} properties were found`);
  for (const [path, node] of found) {
    assert.ok(typeof node["description"] === "string" && node["description"].length >= 8, `${path} has no description`);
    if (node["type"] !== "object") assert.ok(Array.isArray(node["examples"]) && node["examples"].length > 0, `${path} has no example`);
  }
});

test("examples and defaults are valid themselves", () => {
  const ajv = new Ajv2020({ strict: false });
  for (const [path, node] of properties(schema as Node, "")) {
    const check = ajv.compile(node);
    const values = [...((node["examples"] as unknown[] | undefined) ?? []), ...("default" in node ? [node["default"]] : [])];
    for (const value of values) assert.ok(check(value), `${path}: ${JSON.stringify(value)}: ${ajv.errorsText(check.errors)}`);
  }
});

test("what a key is called elsewhere is not a key itself, and leads to one", () => {
  const found = [["/", schema as Node] as const, ...all(schema as Node, "")].filter(
    ([, node]) => node["synonyms"] !== undefined || node["elsewhere"] !== undefined,
  );
  assert.ok(found.length >= 5);
  for (const [path, node] of found) {
    const keys = Object.keys(node["properties"] as Node);
    const { synonyms = {}, elsewhere = {} } = node as { synonyms?: Record<string, string>; elsewhere?: Record<string, string> };
    for (const [name, key] of Object.entries(synonyms))
      assert.ok(keys.includes(key) && !Object.hasOwn(elsewhere, name), `${path}: ${name} → ${key}`);
  }
});

test("editors are told what each value of an enum means, and what a pattern expects", () => {
  const found = [...mappings(JSON.parse(schemaText()), "")];
  const enums = found.filter(([, node]) => node["meanings"] !== undefined);
  assert.ok(enums.length > 20);
  for (const [path, { enum: values, enumDescriptions, markdownEnumDescriptions, notYet = [], meanings }] of enums) {
    const expected = (values as string[]).map((value) => (meanings as Record<string, string>)[value] ?? "");
    assert.deepEqual(enumDescriptions, expected, path);
    assert.deepEqual(markdownEnumDescriptions, expected, path);
    for (const [index, value] of (values as string[]).entries())
      assert.ok(expected[index] !== "" && !(notYet as string[]).includes(value), `${path}: ${value} has no meaning, or would be rejected`);
    assert.ok(
      Object.keys(meanings as object).every((value) => (values as string[]).includes(value)),
      path,
    );
  }
  const patterns = found.filter(([, node]) => typeof node["pattern"] === "string");
  assert.ok(patterns.length > 100);
  for (const [path, { pattern, expects, quantity, digest, patternErrorMessage }] of patterns)
    assert.equal(typeof patternErrorMessage, "string", `${path}: ${JSON.stringify({ pattern, expects, quantity, digest })}`);
});

/** Every mapping in a document, with its path. */
function* mappings(value: unknown, path: string): Generator<[string, Node]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield [path, value as Node];
  for (const [key, inside] of Object.entries(value)) yield* mappings(inside, `${path}/${key}`);
}

/** Every part of a schema, with its path. */
function* all(node: Node, path: string): Generator<[string, Node]> {
  const {
    properties: own = {},
    additionalProperties,
    items,
  } = node as { properties?: Record<string, Node>; additionalProperties?: unknown; items?: unknown };
  for (const [name, child] of [...Object.entries(own), ["*", additionalProperties], ["*", items]] as [string, Node][]) {
    if (typeof child !== "object" || child === null) continue;
    yield [`${path}/${name}`, child];
    yield* all(child, `${path}/${name}`);
  }
}

test("references name sections, and no object lets unknown keys through", () => {
  for (const [path, node] of properties(schema as Node, "")) {
    if (typeof node["reference"] === "string") assert.ok(Object.hasOwn(schema.properties, node["reference"]), path);
    if (node["type"] === "object") assert.notEqual(node["additionalProperties"] ?? true, true, `${path} is open`);
  }
});

/** Every property that a user can write, with its path. */
function* properties(node: Node, path: string): Generator<[string, Node]> {
  for (const [name, child] of Object.entries((node["properties"] as Record<string, Node> | undefined) ?? {})) {
    yield [`${path}/${name}`, child];
    yield* properties(child, `${path}/${name}`);
  }
  const inner = [node["additionalProperties"], node["items"], ...((node["anyOf"] as unknown[] | undefined) ?? [])];
  for (const child of inner) if (typeof child === "object" && child !== null) yield* properties(child as Node, `${path}/*`);
}
