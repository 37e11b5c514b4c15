import type { Schema } from "./keywords.ts";
import { describePointer, type Pointer, type Problem } from "./problem.ts";
import { walk } from "./walk.ts";

const longestName = 63;

/**
 * Problems of entries with a `count`: names that collide, names that become too long, and values that several copies
 * would share. Checks every section whose schema is `counted`. `where` returns file and line of a pointer.
 */
export function checkCounts(schema: Schema, config: unknown, where: (pointer: Pointer) => string): Problem[] {
  return Object.entries(schema.properties ?? {}).flatMap(([section, part]) => {
    const entries = (config as Record<string, unknown> | null)?.[section];
    if (part.counted === undefined || typeof entries !== "object" || entries === null || Array.isArray(entries)) return [];
    const counts = new Map(Object.entries(entries).map(([name, entry]) => [name, countOf(entry, part.counted ?? "")]));
    const values = new Map<string, Pointer>();
    const entrySchema = typeof part.additionalProperties === "object" ? part.additionalProperties : {};
    return [
      ...collisions(section, counts, where),
      ...tooLong(section, counts),
      ...Object.entries(entries).flatMap(([name, entry]) =>
        [...walk(entrySchema, entry, [section, name])].flatMap((visit) => checkShared(visit, counts.get(name) ?? 1, values, where)),
      ),
    ];
  });
}

function countOf(entry: unknown, key: string): number | undefined {
  const count = (entry as Record<string, unknown> | null)?.[key];
  return typeof count === "number" && Number.isInteger(count) && count >= 0 ? count : undefined;
}

/**
 * A name ends in the number of a copy in one way only, so a copy can collide with an entry without a count and never with
 * another copy. The entry that comes second in the file is reported.
 */
function collisions(section: string, counts: ReadonlyMap<string, number | undefined>, where: (pointer: Pointer) => string): Problem[] {
  const order = new Map([...counts.keys()].map((name, index) => [name, index]));
  const reported = new Map<string, { readonly meeting: string; readonly other: string; readonly copy: number }>();
  for (const [name, count] of counts) {
    const [, base = "", number = ""] = (count === undefined ? /^(.+)-(0|[1-9][0-9]*)$/.exec(name) : null) ?? [];
    if (Number(number) >= (counts.get(base) ?? 0)) continue;
    const [second, other] = (order.get(name) ?? 0) > (order.get(base) ?? 0) ? [name, base] : [base, name];
    const before = reported.get(second);
    if (before === undefined || Number(number) < before.copy) reported.set(second, { meeting: name, other, copy: Number(number) });
  }
  return [...reported].map(([name, { meeting, other }]) => ({
    code: "name-collision",
    summary: `Two ${section} are named ${JSON.stringify(meeting)}`,
    detail: `${describePointer([section, other])} (${where([section, other])}) creates an instance of the same name: with count, NAME becomes NAME-0, NAME-1, …. Rename one of them.`,
    pointer: [section, name],
    of: "key",
  }));
}

function tooLong(section: string, counts: ReadonlyMap<string, number | undefined>): Problem[] {
  return [...counts].flatMap(([name, count = 0]): Problem[] => {
    const long = `${name}-${count - 1}`;
    if (count === 0 || name.length > longestName || long.length <= longestName) return [];
    const detail = `With count the last one is named ${long}, which has ${long.length} characters; the maximum is ${longestName}. Use a shorter name.`;
    return [{ code: "name-too-long", summary: "The name is too long for its numbers", detail, pointer: [section, name], of: "key" }];
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
    const detail = `${describePointer(pointer)} would be the same for all ${count} instances. Remove it, or declare each instance separately.`;
    return [{ code: "not-with-count", summary: `${String(pointer.at(-1))} cannot be combined with count`, detail, pointer, of: "key" }];
  }
  if (schema.unique !== true || typeof value !== "string") return [];
  const key = `${String(pointer.at(-1))} ${value}`;
  const before = values.get(key);
  if (before === undefined) {
    values.set(key, pointer);
    return [];
  }
  const detail = `${describePointer(before)} (${where(before)}) already has this value, which must be unique.`;
  return [{ code: "duplicate-value", summary: `${key} is used twice`, detail, pointer, of: "value" }];
}
