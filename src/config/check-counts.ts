import type { Schema } from "./keywords.ts";
import { describePointer, type Pointer, type Problem } from "./problem.ts";
import { walk } from "./walk.ts";

const longestName = 63;

/**
 * What `count` makes of the entries of a section: names that meet, names that grow too long, and values that several
 * would share. Looks at every section whose schema is `counted`. `where` puts a place into words.
 */
export function checkCounts(schema: Schema, config: unknown, where: (pointer: Pointer) => string): Problem[] {
  return Object.entries(schema.properties ?? {}).flatMap(([section, part]) => {
    const entries = (config as Record<string, unknown> | null)?.[section];
    if (part.counted === undefined || typeof entries !== "object" || entries === null || Array.isArray(entries)) return [];
    const counts = Object.entries(entries).map(([name, entry]) => ({ name, entry, count: countOf(entry, part.counted ?? "") }));
    const values = new Map<string, Pointer>();
    return [
      ...collisions(section, counts, where),
      ...counts.flatMap(({ name, entry, count }) => {
        const entrySchema = typeof part.additionalProperties === "object" ? part.additionalProperties : {};
        return [...walk(entrySchema, entry, [section, name])].flatMap((visit) => checkShared(visit, count ?? 1, values, where));
      }),
    ];
  });
}

interface Counted {
  readonly name: string;
  readonly count: number | undefined;
}

function countOf(entry: unknown, key: string): number | undefined {
  const count = (entry as Record<string, unknown> | null)?.[key];
  return typeof count === "number" && Number.isInteger(count) && count >= 0 && count <= 1000 ? count : undefined;
}

function collisions(section: string, entries: readonly Counted[], where: (pointer: Pointer) => string): Problem[] {
  const makers = new Map<string, string>();
  return entries.flatMap(({ name, count }): Problem[] => {
    const names = count === undefined ? [name] : Array.from({ length: count }, (_, index) => `${name}-${index}`);
    const meeting = names.find((each) => makers.has(each));
    const other = meeting === undefined ? undefined : makers.get(meeting);
    for (const each of names) if (!makers.has(each)) makers.set(each, name);
    const at = { pointer: [section, name], of: "key" } as const;
    if (meeting !== undefined && other !== undefined) {
      const detail = `${describePointer([section, other])} (${where([section, other])}) makes one of that name as well: with count, NAME becomes NAME-0, NAME-1, …. Rename one of the two.`;
      return [{ code: "name-collision", summary: `Two ${section} would be called ${JSON.stringify(meeting)}`, detail, ...at }];
    }
    const long = name.length <= longestName ? names.findLast((each) => each.length > longestName) : undefined;
    if (long === undefined) return [];
    const detail = `With count it becomes ${long}, which is ${long.length} characters long; ${longestName} are allowed.`;
    return [{ code: "name-too-long", summary: "The name leaves no room for its numbers", detail, ...at }];
  });
}

function checkShared(
  visit: { schema: Schema; value: unknown; pointer: Pointer },
  count: number,
  values: Map<string, Pointer>,
  where: (pointer: Pointer) => string,
): Problem[] {
  const { schema, value, pointer } = visit;
  if (schema.unique !== true && schema.notCounted !== true) return [];
  if (count > 1) {
    const detail = `${describePointer(pointer)} would be the same for all ${count}. Remove it, or declare each on its own.`;
    return [
      { code: "not-with-count", summary: `${String(pointer.at(-1))} cannot be given together with count`, detail, pointer, of: "key" },
    ];
  }
  if (schema.unique !== true || typeof value !== "string") return [];
  const key = `${String(pointer.at(-1))} ${value}`;
  const before = values.get(key);
  if (before === undefined) {
    values.set(key, pointer);
    return [];
  }
  const detail = `${describePointer(before)} (${where(before)}) has it already, and no two may share it.`;
  return [{ code: "duplicate-value", summary: `${key} is given twice`, detail, pointer, of: "value" }];
}
