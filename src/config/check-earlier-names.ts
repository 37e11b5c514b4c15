import { describePointer, type Pointer, type Problem } from "./problem.ts";
import type { Visit } from "./walk.ts";

/**
 * Whether the name that `entry` had before, `value`, is free: it is, also where the entry that is declared under it was renamed itself, and so on to
 * a name that is not declared.
 */
function chainOf(entries: unknown, value: string, entry: string): "no chain" | "circle" | "in use" {
  const declared = (typeof entries === "object" && entries !== null ? entries : {}) as Readonly<Record<string, unknown>>;
  const seen = new Set([entry]);
  for (let name = value; Object.hasOwn(declared, name); ) {
    if (seen.has(name)) return "circle";
    seen.add(name);
    const from = (declared[name] as { readonly renamed_from?: unknown } | null)?.renamed_from;
    if (typeof from !== "string") return "in use";
    name = from;
  }
  return "no chain";
}

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
  const chain = chainOf(entries, value, String(pointer[1]));
  if (chain !== "no chain") {
    const there = [section, value];
    const text =
      chain === "circle"
        ? {
            summary: `Renames in a circle: ${JSON.stringify(value)} gets its object from an entry that is renamed to it`,
            detail: `After an apply, virtform could not distinguish the old names from the new ones. Rename one of the entries to a name that is not in use, apply, and then rename it to its final name.`,
          }
        : {
            summary: `${JSON.stringify(value)} is still declared, so it was not renamed`,
            detail: `${describePointer(there)} (${where(there)}) has this name. Remove that entry, or remove ${describePointer(pointer)}; or, if that entry is another object that was renamed to ${JSON.stringify(value)}, give it renamed_from as well.`,
          };
    return { code: "earlier-name-in-use", ...text, pointer, of: "value" };
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
