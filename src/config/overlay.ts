import { type Entry, type Located, withEntries } from "./located.ts";

/** A value with another one laid over it: mappings are merged by key, anything else is replaced, and an empty value removes the key. */
export function overlay(base: Located, over: Located): Located {
  if (base.kind !== "map" || over.kind !== "map") return over;
  const entries = new Map<string | number, Entry>(base.entries);
  for (const [key, entry] of over.entries) {
    const before = entries.get(key);
    if (before === undefined) entries.set(key, entry);
    else if (entry.node.kind === "scalar" && entry.node.scalar === null) entries.delete(key);
    else if (before.node.kind === "map" && entry.node.kind === "map")
      entries.set(key, { ...before, node: overlay(before.node, entry.node) });
    else entries.set(key, entry);
  }
  return withEntries(base, entries);
}
