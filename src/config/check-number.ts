import { describePointer, type Problem } from "./problem.ts";
import type { Visit } from "./walk.ts";

/** Whether a text that holds a whole number is within its bounds. Other texts are the schema's to reject. */
export function checkNumber({ schema, value, pointer }: Visit): Problem | undefined {
  if (schema.number === undefined || typeof value !== "string" || !/^[0-9]+$/.test(value)) return undefined;
  const { minimum, maximum } = schema.number;
  if (Number(value) >= minimum && Number(value) <= maximum) return undefined;
  return {
    code: "out-of-range",
    summary: `${value} is out of range`,
    detail: `${describePointer(pointer)} must be from ${minimum} to ${maximum}.`,
    pointer,
    of: "value",
  };
}
