import { describePointer, type Pointer, type Problem } from "./problem.ts";
import type { Visit } from "./walk.ts";

/**
 * Problems of earlier names: one that an entry of the section still has, and one that two entries claim. `claimed` holds the names that were
 * visited before; `where` returns file and line of a pointer.
 */
export function checkEarlierName(
  { schema, value, pointer }: Visit,
  config: unknown,
  claimed: Map<string, Pointer>,
  where: (pointer: Pointer) => string,
): Problem | undefined {
  const { formerly: section } = schema;
  if (section === undefined || typeof value !== "string") return undefined;
  const entries = (config as Record<string, unknown> | null)?.[section];
  if (typeof entries === "object" && entries !== null && Object.hasOwn(entries, value)) {
    const there = [section, value];
    return {
      code: "earlier-name-in-use",
      summary: `${JSON.stringify(value)} is still declared, so it was not renamed`,
      detail: `${describePointer(there)} (${where(there)}) has this name. Remove that entry, or remove ${describePointer(pointer)}. Two renames in a chain are two applies.`,
      pointer,
      of: "value",
    };
  }
  const key = `${section}/${value}`;
  const before = claimed.get(key);
  if (before === undefined) {
    claimed.set(key, pointer);
    return undefined;
  }
  return {
    code: "earlier-name-in-use",
    summary: `Two entries were named ${JSON.stringify(value)}`,
    detail: `${describePointer(before)} (${where(before)}) names it as well. Only one of them can get what has this name.`,
    pointer,
    of: "value",
  };
}
