import { describePointer, type Problem } from "./problem.ts";
import type { Visit } from "./walk.ts";

/** Warns of text that is valid and longer than those who read it may accept. */
export function checkLength({ schema: { advisedLength }, value, pointer }: Visit): Problem | undefined {
  if (advisedLength === undefined || typeof value !== "string" || value.length <= advisedLength.maximum) return undefined;
  const detail = `${describePointer(pointer)} has ${value.length} characters. ${advisedLength.why}`;
  return { severity: "warning", code: "name-longer-than-advised", summary: advisedLength.summary, detail, pointer, of: "value" };
}
