import standalone from "ajv/dist/standalone/index.js";
import { ownKeywords } from "../../src/config/keywords.ts";
import { createAjv } from "../../src/config/validate.ts";

/**
 * The module that replaces `src/kinds/accepts.ts` in the build: Ajv's code for a schema. It answers yes or no without a reason, in
 * functions of their own for the parts of a schema, which keeps it small: every start reads the compiled code of those that it calls.
 */
export function schemaCheckText(schema: object): string {
  const ajv = createAjv({ messages: false, inlineRefs: false, code: { source: true, esm: true } });
  ajv.addSchema(inParts(withoutNotes(schema)) as object, "config");
  // Ajv asks for its own parts with require, even in a module.
  const code = withoutReasons(standalone.default(ajv, { accepts: "config" })).replaceAll(
    /const (\w+) = require\("(ajv\/dist\/runtime\/\w+)"\)\.default;/g,
    'import $1_ from "$2.js";const $1 = $1_.default;',
  );
  return `${withoutSchemas(code)}\nexport const compiledCheck = { accepts };\n`;
}

const notes: ReadonlySet<string> = new Set(["title", "description", "examples", "default", ...ownKeywords]);
/** Keywords whose value is schemas by name. */
const named: ReadonlySet<string> = new Set(["properties", "patternProperties", "$defs", "dependentSchemas"]);
/** Keywords whose value is data. */
const data: ReadonlySet<string> = new Set(["enum", "const", "required", "dependentRequired"]);

/** A schema without what says nothing about a value. */
function withoutNotes(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutNotes);
  if (typeof schema !== "object" || schema === null) return schema;
  const kept = Object.entries(schema).filter(([key]) => !notes.has(key));
  return Object.fromEntries(
    kept.map(([key, value]) => {
      if (data.has(key)) return [key, value];
      if (!named.has(key)) return [key, withoutNotes(value)];
      return [key, Object.fromEntries(Object.entries(value as object).map(([name, one]) => [name, withoutNotes(one)]))];
    }),
  );
}

/** Shorter schemas, as JSON, stay where they are: a call costs as much as the check. */
const shortest = 200;

/** A schema whose longer parts are definitions, each of them once. Only values below the one that a schema is about become parts: what was evaluated of that one itself is then known in one function. */
function inParts(schema: unknown): unknown {
  const names = new Map<string, string>();
  const parts: Record<string, unknown> = {};
  const part = (value: unknown): unknown => {
    const inside = walk(value);
    const text = JSON.stringify(inside);
    if (text.length < shortest) return inside;
    const name = names.get(text) ?? `part${names.size}`;
    names.set(text, name);
    parts[name] = inside;
    return { $ref: `#/$defs/${name}` };
  };
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, below]) => {
        if (data.has(key)) return [key, below];
        if (key === "properties" || key === "patternProperties") {
          return [key, Object.fromEntries(Object.entries(below as object).map(([name, one]) => [name, part(one)]))];
        }
        const isPart = key === "additionalProperties" || key === "items";
        return [key, isPart && !Array.isArray(below) ? part(below) : walk(below)];
      }),
    );
  };
  const whole = walk(schema) as { readonly $defs?: object };
  return { ...whole, $defs: { ...whole.$defs, ...parts } };
}

/** Ajv's code without the schemas that it was made from. Of some, it asks which properties they name. */
function withoutSchemas(code: string): string {
  const short = code.replaceAll(/const (schema\d+) = (\{.*?\});(?=const |function |import |$)/g, (_, name: string, text: string) => {
    const { properties = {} } = JSON.parse(text) as { readonly properties?: object };
    const names = Object.fromEntries(Object.keys(properties).map((key) => [key, 1]));
    return code.includes(`${name}.properties`) ? `const ${name} = {properties: ${JSON.stringify(names)}};` : "";
  });
  const unknown = /\bschema\d+\b(?!\.properties,| = \{properties: \{(?:"[^"]+":1,?)*\}\};).{0,80}/.exec(short);
  if (unknown !== null) throw new Error(`Ajv uses a schema in another way than before: ${unknown[0]}`);
  return short;
}

/** Ajv's code without the objects that describe errors, and without the places of values. It counts errors as well, and only looks for `null` in the list of them. */
function withoutReasons(code: string): string {
  const short = code
    .replaceAll(
      /const (err\d+) = \{.*?\};if\(vErrors === null\)\{vErrors = \[\1\];\}\s*else \{vErrors\.push\(\1\);\}errors\+\+;/gs,
      "errors++;",
    )
    .replaceAll(/validate\d+\.errors = \[\{.*?\}\];\s*return false;/gs, "return false;")
    .replaceAll(
      /vErrors = vErrors === null \? (validate\d+)\.errors : vErrors\.concat\(\1\.errors\);\s*errors = vErrors\.length;/g,
      "errors++;",
    )
    .replaceAll(/(validate\d+\([^(),]+), ?\{instancePath:[^{}]*\}\)/g, "$1)");
  const unknown = /schemaPath|\berr\d+\b|vErrors\.(?!length = )/.exec(short);
  if (unknown !== null)
    throw new Error(`Ajv writes other code than before: ${short.slice(Math.max(0, unknown.index - 100), unknown.index + 100)}`);
  return short;
}
