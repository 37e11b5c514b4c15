import type { SchemaNames } from "./config/declared-names.ts";

interface Node {
  readonly [keyword: string]: unknown;
}

/**
 * The schema with these names as examples wherever a name is expected, which editors offer. They are examples and no enum, so that a name
 * that was written since then is no mistake: `virtform validate` checks names. Pure.
 */
export function schemaWithNames(schema: object, names: SchemaNames): object {
  return named(schema, names) as object;
}

/** Keywords whose value is data, not a schema. */
const data: ReadonlySet<string> = new Set(["enum", "const", "examples", "default", "required"]);

function named(value: unknown, names: SchemaNames): unknown {
  if (Array.isArray(value)) return value.map((one) => named(one, names));
  if (typeof value !== "object" || value === null) return value;
  const node: Node = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, data.has(key) ? one : named(one, names)]));
  const { reference, properties, $defs } = node;
  const expression = ($defs as { readonly expression?: Node } | undefined)?.expression;
  const variables = names.variables.map((name) => `\${var.${name}}`);
  return {
    ...node,
    ...(typeof reference === "string" ? examples(names.sections[reference]) : {}),
    ...(isInterface(properties) ? { properties: { ...properties, network: { ...properties.network, ...examples(names.networks) } } } : {}),
    ...(expression === undefined ? {} : { $defs: { ...($defs as Node), expression: { ...expression, ...examples(variables) } } }),
  };
}

function examples(names: readonly string[] = []): Node {
  return names.length === 0 ? {} : { examples: names };
}

/** The properties of a network interface. */
function isInterface(properties: unknown): properties is Readonly<Record<string, Node>> & { readonly network: Node } {
  return typeof properties === "object" && properties !== null && ["network", "bridge", "user", "mac"].every((key) => key in properties);
}
