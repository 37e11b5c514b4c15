import { describePointer, type Problem } from "./problem.ts";
import type { Visit } from "./walk.ts";

/** Values of the format that this version does not implement. */
export function checkSupport({ schema, value, pointer }: Visit): Problem[] {
  const { notYet = [] } = schema;
  if (typeof value !== "string" || !notYet.includes(value)) return [];
  const possible = (schema.enum ?? []).filter((word) => !notYet.includes(String(word)));
  const detail = `${describePointer(pointer)} can be ${possible.join(", ")}.`;
  return [{ code: "not-supported", summary: `${value} is not supported by this version`, detail, pointer, of: "value" }];
}
