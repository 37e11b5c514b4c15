import type { Place } from "../model/diagnostic.ts";
import type { LineTable } from "./line-table.ts";
import type { Pointer } from "./problem.ts";

/** A file that was read. `file` is its displayed name, `path` its absolute path. */
export interface SourceText {
  readonly file: string;
  readonly path: string;
  readonly text: string;
  readonly lines: LineTable;
}

/** A stretch of a file. */
export interface Span {
  readonly source: SourceText;
  readonly start: number;
  readonly end: number;
}

/** A value with its place in a file. Values that are used by alias are shared. */
export interface Located {
  readonly kind: "scalar" | "map" | "list";
  readonly scalar?: unknown;
  readonly span: Span;
  readonly entries: ReadonlyMap<string | number, Entry>;
  /** Number of values in it, itself included, aliases written out. */
  readonly weight: number;
  readonly depth: number;
}

/** The value of one key or position. */
export interface Entry {
  readonly key?: Span;
  readonly node: Located;
}

/** The value as plain data, without shared parts. */
export function toPlain(node: Located): unknown {
  if (node.kind === "scalar") return node.scalar;
  if (node.kind === "list") return [...node.entries.values()].map((entry) => toPlain(entry.node));
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, toPlain(entry.node)]));
}

/** The entry at a pointer, or the nearest one above it that is written. Undefined for the root. */
export function entryAt(root: Located, pointer: Pointer): Entry | undefined {
  let found: Entry | undefined;
  let node: Located = root;
  for (const step of pointer) {
    const entry = node.entries.get(step);
    if (entry === undefined) return found;
    found = entry;
    node = entry.node;
  }
  return found;
}

/** File, line and column of a span, with the start of its text unless it is hidden. */
export function placeOf(span: Span, hidden = false): Place {
  const { source, start, end } = span;
  const { line, col } = source.lines.linePos(start);
  const first =
    source.text
      .slice(start, Math.min(end, start + 200))
      .split(/\r?\n/, 1)[0]
      ?.trim() ?? "";
  const text = withoutCredentials(first);
  const short = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  const place = { file: source.file, line: Math.max(1, line), column: Math.max(1, col) };
  if (hidden || short === "") return place;
  const lineStart = source.text.lastIndexOf("\n", start - 1) + 1;
  const [whole = ""] = source.text.slice(lineStart, lineStart + longestLine).split(/\r?\n/, 1);
  // A shortened word or address would stand somewhere else in it.
  return { ...place, text: short, ...(whole.includes(short) && !mayHoldSecret(whole) ? { source: whole } : {}) };
}

/** Longer lines are not shown whole. */
const longestLine = 1000;

/** Whether a line mentions something that is kept out of sight wherever it is known to be one. */
function mayHoldSecret(line: string): boolean {
  return /pass|secret|token|:\/\/[^/\s]*@/i.test(line);
}

/** Removes user name and password from URLs. */
export function withoutCredentials(text: string): string {
  return text.replace(/:\/\/[^/\s]*@/g, "://…@");
}

/** The place of a value: the value itself if it is a scalar, the key if it is a mapping or list. */
export function placeAt(root: Located, pointer: Pointer, of: "key" | "value" = "value", hidden = false): Place {
  const entry = entryAt(root, pointer);
  if (entry === undefined) return placeOf({ ...root.span, end: root.span.start }, true);
  const byKey = hidden || of === "key" || entry.node.kind !== "scalar" || entry.node.span.start === entry.node.span.end;
  return placeOf(byKey && entry.key !== undefined ? entry.key : entry.node.span, hidden && entry.key === undefined);
}
