import { withoutUndefined } from "../model/without-undefined.ts";

interface Node {
  readonly [keyword: string]: unknown;
}

/** What the loader evaluates, wherever a value is expected. */
const expression = { $ref: "#/$defs/expression" } as const;

const definition = {
  type: "string",
  pattern: "\\$\\{",
  patternErrorMessage: "Expected an expression such as ${var.NAME}.",
  description: "An expression: ${var.NAME}, ${local.NAME}, ${each.key}, ${each.value}, ${count.index}, or a function of them.",
} as const;

const forEach = {
  description:
    "Makes a copy of the entry for each item of a list of texts, or for each key of a mapping. A copy is named NAME-KEY; ${each.key} and ${each.value} are its own.",
  anyOf: [{ type: "array", items: { anyOf: [{ type: "string" }, { type: "number" }] } }, { type: "object" }, expression],
  examples: [["a", "b"], { a: { ip: "10.0.0.1" } }],
} as const;

/** Sections that are not evaluated, or have a schema with expressions already. */
const literal = new Set(["variables", "locals", "include", "override"]);

/**
 * The schema of what is written, made from that of what it stands for: any value may be an expression, entries may have `for_each`, and keys
 * that begin with `x-` hold anchors. The loader evaluates before it checks, so that its messages know nothing of these alternatives.
 */
export function editorSchema(schema: Node): Node {
  const sections = Object.entries(schema["properties"] as Record<string, Node>).map(([name, section]) => {
    if (literal.has(name)) return [name, section];
    const entry = section["additionalProperties"];
    if (typeof entry !== "object" || entry === null) return [name, section["type"] === "object" ? inner(section) : evaluated(section)];
    const written = inner(entry as Node);
    const properties = { ...(written["properties"] as Node), for_each: forEach };
    return [name, { ...section, additionalProperties: { ...written, properties } }];
  });
  return {
    ...schema,
    $defs: { expression: definition },
    properties: Object.fromEntries(sections),
    patternProperties: { "^x-": { description: "Not part of the configuration: a place for anchors (&name) that are used elsewhere." } },
  };
}

/** A value or an expression. */
function evaluated(node: Node): Node {
  const { description, default: fallback, examples, ...rest } = inner(node);
  const isPlainText =
    rest["type"] === "string" && ["enum", "pattern", "const", "minLength", "maxLength"].every((key) => rest[key] === undefined);
  if (isPlainText || description === undefined) return inner(node);
  const about = {
    description,
    ...withoutUndefined({ default: fallback, examples }),
  };
  const union = rest["type"] === undefined && Array.isArray(rest["anyOf"]) ? (rest["anyOf"] as Node[]) : undefined;
  const { anyOf: _, ...others } = rest;
  return union === undefined ? { ...about, anyOf: [rest, expression] } : { ...about, ...others, anyOf: [...union, expression] };
}

/** The same schema whose parts may be expressions. */
function inner(node: Node): Node {
  const { properties, additionalProperties, items, anyOf } = node;
  return {
    ...node,
    ...(properties === undefined ? {} : { properties: mapped(properties as Record<string, Node>) }),
    ...(typeof additionalProperties === "object" ? { additionalProperties: evaluated(additionalProperties as Node) } : {}),
    ...(items === undefined ? {} : { items: evaluated(items as Node) }),
    ...(Array.isArray(anyOf) ? { anyOf: anyOf.map((branch: Node) => inner(branch)) } : {}),
  };
}

function mapped(properties: Readonly<Record<string, Node>>): Record<string, Node> {
  return Object.fromEntries(Object.entries(properties).map(([key, node]) => [key, evaluated(node)]));
}
