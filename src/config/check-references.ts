import { closest } from "../model/closest.ts";
import { quoted } from "../model/quoted.ts";
import { describePointer, type Problem, suggestion } from "./problem.ts";
import type { Visit } from "./walk.ts";

/** Whether the entry that a value refers to is declared. `config` is the whole configuration. */
export function checkReference({ schema, value, pointer }: Visit, config: unknown): Problem | undefined {
  if (schema.reference === undefined || typeof value !== "string") return undefined;
  const section = (config as Record<string, unknown> | null)?.[schema.reference];
  const known = typeof section === "object" && section !== null ? Object.keys(section) : [];
  // A section that is a list has its own mistake, and no names.
  if (known.includes(value) || Array.isArray(section)) return undefined;
  const noun = schema.reference.replace(/s$/, "").replaceAll("_", " ");
  const nothing = known.length === 0 ? ` No ${schema.reference} are declared.` : "";
  return {
    code: "unknown-reference",
    summary: `Unknown ${noun} ${quoted(value)}`,
    detail: `${describePointer(pointer)} must be the name of an entry of ${schema.reference}.${nothing}${suggestion(closest(value, known), known)}`,
    section: schema.reference,
    pointer,
    of: "value",
  };
}
