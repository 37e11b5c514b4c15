import type { Place } from "../model/diagnostic.ts";
import { isSecretParameter } from "../model/is-secret-parameter.ts";
import type { LineTable } from "./line-table.ts";
import type { Pointer } from "./problem.ts";

/** A file that was read. `file` is its displayed name, `path` its absolute path. */
export interface SourceText {
  readonly file: string;
  readonly path: string;
  readonly text: string;
  readonly lines: LineTable;
  /** It is no file: an argument or a variable of the environment, which `file` names. */
  readonly given?: true;
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
  /** Whether a text or a key in it has `${`, so that it has to be evaluated. */
  readonly dynamic: boolean;
  /** A sentence for every message about the value: where it comes from, when that is not where it is written. */
  readonly note?: string;
  /** Which copy of `for_each` or `count` the entry is: its key or its number. */
  readonly copy?: string | number;
  /** The absolute path of the file that relative paths in it start from, where that is not the file of the span. */
  readonly base?: string;
  /** The value is a reference to a secret: it cannot become part of a text. */
  readonly isSecret?: true;
  /** The value could not be evaluated, which has been reported. */
  readonly failed?: true;
  /** A part of it could not be evaluated. */
  readonly hasFailed?: true;
}

/** The value of one key or position. */
export interface Entry {
  readonly key?: Span;
  readonly node: Located;
}

const none: ReadonlyMap<string | number, Entry> = new Map();

/** A value without parts. */
export function scalarNode(scalar: unknown, span: Span): Located {
  const dynamic = typeof scalar === "string" && scalar.includes("${");
  return { kind: "scalar", scalar, span, entries: none, weight: 1, depth: 1, dynamic };
}

/** The same mapping or list with other entries. */
export function withEntries(node: Located, entries: ReadonlyMap<string | number, Entry>): Located {
  let weight = 1;
  let depth = 0;
  let dynamic = false;
  let hasFailed = false;
  for (const [key, entry] of entries) {
    hasFailed ||= entry.node.failed === true || entry.node.hasFailed === true;
    weight += entry.node.weight;
    depth = Math.max(depth, entry.node.depth);
    dynamic ||= entry.node.dynamic || (typeof key === "string" && key.includes("${"));
  }
  return { ...node, entries, weight, depth: depth + 1, dynamic, ...(hasFailed ? { hasFailed } : {}) };
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
  return /pass|secret|token/i.test(line) || withoutCredentials(line) !== line;
}

/** Removes user name and password from the URLs in a text, and the values of their query parameters that look like secrets. */
export function withoutCredentials(text: string): string {
  return (
    text
      // Messages show where a user goes.
      .replace(/:\/\/(?!USER@)[^/\s]*@/g, "://…@")
      .replace(/([?&])([^=&#?\s"'`]+)=[^&#\s"'`]+/g, (whole, mark: string, name: string) =>
        isSecretParameter(name) ? `${mark}${name}=***` : whole,
      )
  );
}

/** What is to be said about the values on the way to a pointer: where they come from. */
export function notesAt(root: Located, pointer: Pointer): string[] {
  const notes: string[] = [];
  let node: Located | undefined = root;
  for (const step of [undefined, ...pointer]) {
    if (step !== undefined) node = node.entries.get(step)?.node;
    if (node === undefined) break;
    if (node.note !== undefined) notes.push(node.note);
  }
  return notes;
}

/** The place of a value: the value itself if it is a scalar, the key if it is a mapping or list. */
export function placeAt(root: Located, pointer: Pointer, of: "key" | "value" = "value", hidden = false): Place {
  const entry = entryAt(root, pointer);
  if (entry === undefined) return placeOf({ ...root.span, end: root.span.start }, true);
  const byKey = hidden || of === "key" || entry.node.kind !== "scalar" || entry.node.span.start === entry.node.span.end;
  return placeOf(byKey && entry.key !== undefined ? entry.key : entry.node.span, hidden && entry.key === undefined);
}
