import type { Schema } from "./keywords.ts";
import type { Pointer } from "./problem.ts";

/** A value together with the part of the schema that is about it. */
export interface Visit {
  readonly schema: Schema;
  readonly value: unknown;
  readonly pointer: Pointer;
  /** The mapping or list that holds the value, for those who replace it. */
  readonly parent?: { readonly schema: Schema; readonly value: Record<string | number, unknown> };
}

/** Every value that the schema says something about, from the top. What has the wrong shape is passed over. */
export function* walk(schema: Schema, value: unknown, pointer: Pointer = [], parent?: Visit["parent"]): Generator<Visit> {
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

function partFor(schema: Schema, step: string | number): Schema | undefined {
  if (typeof step === "number") return schema.items;
  const { properties, additionalProperties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, step)) return properties[step];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

/** The JSON type of a value; `integer` is not told apart from `number`. */
export function typeOf(value: unknown): "null" | "array" | "object" | "string" | "number" | "boolean" | "unknown" {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  const type = typeof value;
  return type === "object" || type === "string" || type === "number" || type === "boolean" ? type : "unknown";
}
