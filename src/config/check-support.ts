import { describePointer, type Problem } from "./problem.ts";
import type { Visit } from "./walk.ts";

/** Parts of the format that this version does not implement: an error for a value, a warning for a setting without effect. */
export function checkSupport({ schema, value, pointer }: Visit): Problem[] {
  const { notYet = [], properties = {} } = schema;
  if (typeof value === "string" && notYet.includes(value)) {
    const possible = (schema.enum ?? []).filter((word) => !notYet.includes(String(word)));
    const detail = `${describePointer(pointer)} can be ${possible.join(", ")}.`;
    return [{ code: "not-supported", summary: `${value} is not supported by this version`, detail, pointer, of: "value" }];
  }
  if (typeof value !== "object" || value === null) return [];
  const idle = notYet.filter((key) => Object.hasOwn(properties, key) && Object.hasOwn(value, key));
  return idle.map((key) => ({
    severity: "warning",
    code: "no-effect",
    summary: `${key} has no effect in this version`,
    detail: `${describePointer([...pointer, key])} is accepted and not used.`,
    pointer: [...pointer, key],
    of: "key",
  }));
}
