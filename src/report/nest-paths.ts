import type { Json } from "../model/json.ts";

type JsonObject = { readonly [key: string]: Json };

/**
 * Values by dotted path as nested objects: `disks.vda.source` becomes `{ disks: { vda: { source } } }`. A path below a value that is no object
 * keeps its dots, so that nothing is lost. Pure.
 */
export function nestPaths(entries: Iterable<readonly [path: string, value: Json | undefined]>): JsonObject {
  const root: Record<string, Json> = {};
  const made = new Set<Json>([root]);
  const paths = [...entries].map(([path, value]) => ({ path, value, steps: path.split(".") }));
  // A value comes before what is below it, whatever the order.
  for (const { path, value, steps } of paths.sort((a, b) => a.steps.length - b.steps.length)) {
    if (value === undefined) continue;
    const last = steps.pop() ?? path;
    let level: Record<string, Json> | undefined = root;
    for (const step of steps) {
      level = objectAt(level, step, made);
      if (level === undefined) break;
    }
    if (level === undefined || Object.hasOwn(level, last)) root[path] = value;
    else level[last] = value;
  }
  return root;
}

/** The object at a step, made where there is none; undefined where something else is. */
function objectAt(level: Record<string, Json>, step: string, made: Set<Json>): Record<string, Json> | undefined {
  if (!Object.hasOwn(level, step)) {
    const object: Record<string, Json> = {};
    level[step] = object;
    made.add(object);
    return object;
  }
  const there = level[step] as Json;
  return made.has(there) ? (there as Record<string, Json>) : undefined;
}

/** An object whose keys are paths as nested objects; any other value as it is. */
export function nested(value: Json): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? nestPaths(Object.entries(value)) : value;
}
