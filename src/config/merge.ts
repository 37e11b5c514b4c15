import type { Diagnostic } from "../model/diagnostic.ts";
import type { Schema } from "./keywords.ts";
import { type Entry, type Located, placeOf, type Span, withEntries } from "./located.ts";
import { overlay } from "./overlay.ts";

/**
 * Merges files into one configuration. Sections of named entries are merged; everything else can be declared once. Files with
 * `override: true` are laid over the others, in the order of the files.
 */
export function mergeFiles(roots: readonly Located[], schema: Schema): { root: Located | undefined; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const entries = new Map<string | number, Entry>();
  const maps = roots.filter((root) => {
    if (root.kind === "map") return true;
    const detail = "The top level consists of keys such as images, flavors and instances, each followed by a colon.";
    diagnostics.push({ severity: "error", code: "not-a-mapping", summary: "The file is not a mapping", detail, at: placeOf(root.span) });
    return false;
  });
  const parts = maps.map((root) => withoutOverride(root, diagnostics));
  for (const [name, entry] of parts.flatMap(({ root, isOverride }) => (isOverride ? [] : [...root.entries]))) {
    if (String(name).startsWith("x-")) continue;
    const before = entries.get(name);
    const named = typeof schema.properties?.[name]?.additionalProperties === "object";
    if (before === undefined) {
      entries.set(name, entry);
    } else if (named && before.node.kind === "map" && entry.node.kind === "map") {
      entries.set(name, { ...before, node: withEntries(before.node, join(before.node, entry.node, `${name}.`, diagnostics)) });
    } else {
      diagnostics.push(twice(String(name), before, entry));
    }
  }
  const [first] = maps;
  const base = first === undefined ? undefined : withEntries(first, entries);
  const overrides = parts.flatMap(({ root, isOverride }) => (isOverride ? [root] : []));
  return { root: base === undefined ? undefined : overrides.reduce(overlay, base), diagnostics };
}

/** A file without its key `override`, and whether it is laid over the others. */
function withoutOverride(root: Located, diagnostics: Diagnostic[]): { readonly root: Located; readonly isOverride: boolean } {
  const given = root.entries.get("override");
  if (given === undefined) return { root, isOverride: false };
  const { scalar, kind, span } = given.node;
  if (kind !== "scalar" || typeof scalar !== "boolean") {
    const detail = "override: true lays the file over the other files: keys of both are merged, and this file counts.";
    diagnostics.push({ severity: "error", code: "wrong-type", summary: "Expected true or false", detail, at: placeOf(span) });
  }
  const entries = new Map([...root.entries].filter(([key]) => key !== "override" && !String(key).startsWith("x-")));
  return { root: withEntries(root, entries), isOverride: scalar === true };
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
