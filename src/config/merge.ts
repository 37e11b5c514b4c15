import type { Diagnostic } from "../model/diagnostic.ts";
import type { Schema } from "./keywords.ts";
import { type Entry, type Located, placeOf, type Span } from "./located.ts";

/** Merges files into one configuration. Sections of named entries are merged; everything else can be declared once. */
export function mergeFiles(roots: readonly Located[], schema: Schema): { root: Located | undefined; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const entries = new Map<string | number, Entry>();
  const maps = roots.filter((root) => {
    if (root.kind === "map") return true;
    const detail = "The top level consists of keys such as images, flavors and instances, each followed by a colon.";
    diagnostics.push({ severity: "error", code: "not-a-mapping", summary: "The file is not a mapping", detail, at: placeOf(root.span) });
    return false;
  });
  for (const [name, entry] of maps.flatMap((root) => [...root.entries])) {
    const before = entries.get(name);
    const named = typeof schema.properties?.[name]?.additionalProperties === "object";
    if (before === undefined) {
      entries.set(name, entry);
    } else if (named && before.node.kind === "map" && entry.node.kind === "map") {
      entries.set(name, { ...before, node: { ...before.node, entries: join(before.node, entry.node, `${name}.`, diagnostics) } });
    } else {
      diagnostics.push(twice(String(name), before, entry));
    }
  }
  const [first] = maps;
  return { root: first === undefined ? undefined : { ...first, entries }, diagnostics };
}

function join(one: Located, other: Located, prefix: string, diagnostics: Diagnostic[]): ReadonlyMap<string | number, Entry> {
  const entries = new Map(one.entries);
  for (const [name, entry] of other.entries) {
    const before = entries.get(name);
    if (before === undefined) entries.set(name, entry);
    else diagnostics.push(twice(`${prefix}${name}`, before, entry));
  }
  return entries;
}

function twice(name: string, before: Entry, entry: Entry): Diagnostic {
  const { file, line, column } = placeOf(spanOf(before));
  return {
    severity: "error",
    code: "declared-twice",
    summary: `${name} is declared twice`,
    detail: `It is already declared in ${file}:${line}:${column}. Remove one of them.`,
    at: placeOf(spanOf(entry)),
  };
}

function spanOf(entry: Entry): Span {
  return entry.key ?? entry.node.span;
}
