import { ownKeywords, type Schema } from "./keywords.ts";
import type { Pointer } from "./problem.ts";

/** A value together with the part of the schema that is about it. */
export interface Visit {
  readonly schema: Schema;
  readonly value: unknown;
  readonly pointer: Pointer;
  /** The mapping or list that contains the value, to replace it. */
  readonly parent?: { readonly schema: Schema; readonly value: Record<string | number, unknown> };
}

/**
 * Every value whose part of the schema has a keyword of ours, or contains one, from the top. Values of the wrong shape are
 * skipped.
 */
export function* walk(schema: Schema, value: unknown, pointer: Pointer = [], parent?: Visit["parent"]): Generator<Visit> {
  if (!matters(schema)) return;
  yield { schema, value, pointer, ...(parent === undefined ? {} : { parent }) };
  for (const branch of schema.anyOf ?? []) {
    if (branch.type === undefined || branch.type === typeOf(value)) yield* walk(branch, value, pointer, parent);
  }
  if (typeof value !== "object" || value === null) return;
  const own = { schema, value: value as Record<string | number, unknown> };
  const steps: readonly (readonly [string | number, unknown])[] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  for (const [step, child] of steps) {
    const part = partFor(schema, step);
    if (part !== undefined) yield* walk(part, child, [...pointer, step], own);
  }
}

const known = new WeakMap<Schema, boolean>();

/** Whether a schema or a part of it has a keyword of ours. */
function matters(schema: Schema): boolean {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const { properties = {}, patternProperties = {}, additionalProperties, items, anyOf = [] } = schema;
  const parts = [
    ...Object.values(properties),
    ...Object.values(patternProperties),
    ...anyOf,
    ...[additionalProperties, items].filter((part) => typeof part === "object"),
  ];
  const result = ownKeywords.some((keyword) => keyword !== "expects" && Object.hasOwn(schema, keyword)) || parts.some(matters);
  known.set(schema, result);
  return result;
}

/** The part of a schema that is about one entry of a value. */
export function partFor(schema: Schema, step: string | number): Schema | undefined {
  if (typeof step === "number") return schema.items;
  const { properties, patternProperties = {}, additionalProperties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, step)) return properties[step];
  const matching = Object.entries(patternProperties).find(([pattern]) => new RegExp(pattern, "u").test(step));
  if (matching !== undefined) return matching[1];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

/** The JSON type of a value; integers are `number`. */
export function typeOf(value: unknown): "null" | "array" | "object" | "string" | "number" | "boolean" | "unknown" {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  const type = typeof value;
  return type === "object" || type === "string" || type === "number" || type === "boolean" ? type : "unknown";
}
