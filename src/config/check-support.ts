import { describePointer, type Problem } from "./problem.ts";
import type { Visit } from "./walk.ts";

/** What the format allows and this version does not do: values are errors, settings that only wait for such values are warned of. */
export function checkSupport({ schema, value, pointer }: Visit): Problem[] {
  const { notYet = [], properties = {} } = schema;
  if (typeof value === "string" && notYet.includes(value)) {
    const possible = (schema.enum ?? []).filter((word) => !notYet.includes(String(word)));
    const detail = `${describePointer(pointer)} can be ${possible.join(", ")} for now.`;
    return [{ code: "not-supported", summary: `${value} is not supported by this version`, detail, pointer, of: "value" }];
  }
  if (typeof value !== "object" || value === null) return [];
  const idle = notYet.filter((key) => Object.hasOwn(properties, key) && Object.hasOwn(value, key));
  return idle.map((key) => ({
    severity: "warning",
    code: "no-effect",
    summary: `${key} has no effect in this version`,
    detail: `${describePointer([...pointer, key])} is checked and otherwise left aside.`,
    pointer: [...pointer, key],
    of: "key",
  }));
}
