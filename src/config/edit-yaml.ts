import { Document, isMap, isNode, isPair, isScalar, isSeq, type Pair, parseDocument, type Scalar, type YAMLMap, type YAMLSeq } from "yaml";
import { userError } from "../model/errors.ts";
import type { Json } from "../model/json.ts";
import { literalJson } from "./literal-json.ts";
import { describePointer, type Pointer } from "./problem.ts";

/** One change of a configuration file. */
export interface YamlEdit {
  /** A key that exists or is to exist; of a list, the position, or its length for a new entry. */
  readonly pointer: Pointer;
  /** Texts in it are never expressions. Undefined: it is removed. */
  readonly value: Json | undefined;
}

/**
 * Makes changes in the text of a configuration file. Everything else stays byte for byte the same: comments, order, line ends. Throws a UserError
 * (`cannot-edit`) for a place in an unsupported notation, such as an alias.
 */
export function editYaml(text: string, edits: readonly YamlEdit[]): string {
  const mark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  let edited = text.slice(mark.length);
  for (const { pointer, value } of edits) {
    const edit = { pointer, value: value === undefined ? undefined : literalJson(value) };
    edited = editOnce(edited, edit);
    confirm(edited, edit);
  }
  return mark + edited;
}

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function editOnce(text: string, edit: YamlEdit): string {
  const { pointer, value } = edit;
  let node: unknown = parseDocument(text, { prettyErrors: false }).contents;
  let depth = 0;
  for (; depth < pointer.length - 1; depth += 1) {
    const next = childOf(node, pointer[depth]);
    if (next === undefined) break;
    node = next;
  }
  const key = pointer[depth];
  // An entry that the file does not have is in another one, or was made by an include.
  if (key === undefined || (depth < 2 && pointer.length > 2)) throw cannotEdit(pointer);
  // What is between the last container that exists and the key is made with it.
  const whole = pointer
    .slice(depth + 1)
    .reduceRight<Json | undefined>(
      (inner, step) => (inner === undefined ? undefined : typeof step === "number" ? [inner] : { [step]: inner }),
      value,
    );
  const splice = spliceFor(text, node, key, whole, pointer);
  return splice === undefined ? text : text.slice(0, splice.start) + splice.text + text.slice(splice.end);
}

function spliceFor(text: string, node: unknown, key: string | number, value: Json | undefined, pointer: Pointer): Splice | undefined {
  if (isMap(node)) {
    const pair = pairOf(node, key);
    if (pair === undefined) return value === undefined ? undefined : insertion(text, node, `${keyText(key)}: ${rendered(value)}`, pointer);
    if (value === undefined) return removal(text, node, rangeOf(pair.key, pointer)[0], pair, pointer);
    return replacement(text, pair.value, value, pointer);
  }
  if (isSeq(node)) {
    const item = typeof key === "number" ? node.items[key] : undefined;
    if (item === undefined) return value === undefined ? undefined : insertion(text, node, rendered(value), pointer);
    if (value === undefined) return removal(text, node, rangeOf(item, pointer)[0], item, pointer);
    return replacement(text, item, value, pointer);
  }
  throw cannotEdit(pointer);
}

function pairOf(map: YAMLMap, key: string | number): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(key));
}

function childOf(node: unknown, step: string | number | undefined): unknown {
  if (isMap(node) && step !== undefined) return pairOf(node, step)?.value ?? undefined;
  return isSeq(node) && typeof step === "number" ? node.items[step] : undefined;
}

/** Only values on one line are replaced: others may hold comments. */
function replacement(text: string, node: unknown, value: Json, pointer: Pointer): Splice {
  const [start, end] = rangeOf(node, pointer);
  const scalar = node as Scalar;
  if (text.slice(start, end).includes("\n") || scalar.anchor !== undefined || scalar.type?.startsWith("BLOCK_")) throw cannotEdit(pointer);
  if (isScalar(node) && typeof node.value === "string" && node.value.includes("${")) throw cannotEdit(pointer);
  const space = start === end && text[start - 1] === ":" ? " " : "";
  return { start, end, text: `${space}${rendered(value)}` };
}

/** A new part, after the last one that is written on one line. */
function insertion(text: string, node: YAMLMap | YAMLSeq, part: string, pointer: Pointer): Splice {
  const [start, end] = rangeOf(node, pointer);
  const parts = node.items.map((item) =>
    isPair(item)
      ? { from: rangeOf(item.key, pointer)[0], to: endOf(item, pointer) }
      : { from: rangeOf(item, pointer)[0], to: endOf(item, pointer) },
  );
  const last = parts.at(-1);
  if (node.flow === true) {
    if (last === undefined) return { start, end, text: isMap(node) ? `{ ${part} }` : `[${part}]` };
    return { start: last.to, end: last.to, text: `, ${part}` };
  }
  const after = (isSeq(node) ? parts : parts.toReversed()).findLast(({ from, to }) => !text.slice(from, to).trimEnd().includes("\n"));
  if (after === undefined) throw cannotEdit(pointer);
  const lineStart = text.lastIndexOf("\n", after.from - 1) + 1;
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const lead = text.slice(lineStart, after.from);
  // Of a list the line begins with its dash; the first key of an entry of a list does too.
  const indent = isSeq(node) ? lead : lead.replace(/-/g, " ");
  if (isSeq(node) ? !/^\s*- *$/.test(lead) : !/^[\s-]*$/.test(lead)) throw cannotEdit(pointer);
  const lineEnd = text.indexOf("\n", after.to);
  if (lineEnd === -1) return { start: text.length, end: text.length, text: `${newline}${indent}${part}` };
  return { start: lineEnd + 1, end: lineEnd + 1, text: `${indent}${part}${newline}` };
}

function removal(text: string, node: YAMLMap | YAMLSeq, start: number, item: unknown, pointer: Pointer): Splice {
  const end = endOf(item, pointer);
  if (text.slice(start, end).trimEnd().includes("\n")) throw cannotEdit(pointer);
  if (node.flow === true) {
    const after = /^\s*,\s*/.exec(text.slice(end))?.[0] ?? "";
    const before = after === "" ? (/,\s*$/.exec(text.slice(0, start))?.[0] ?? "") : "";
    return { start: start - before.length, end: end + after.length, text: "" };
  }
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const lineEnd = text.indexOf("\n", end);
  const lead = text.slice(lineStart, start);
  const next = node.items[1];
  // The first key of an entry of a list, behind its dash: the next one takes its place.
  if (isMap(node) && node.items[0] === item && isPair(next) && /^\s*- *$/.test(lead)) {
    const nextStart = rangeOf(next.key, pointer)[0];
    if (lineEnd === -1 || text.slice(lineEnd, nextStart).trim() !== "") throw cannotEdit(pointer);
    return { start, end: nextStart, text: "" };
  }
  if (node.items.length < 2 || (isSeq(node) ? !/^\s*- *$/.test(lead) : lead.trim() !== "")) throw cannotEdit(pointer);
  return { start: lineStart, end: lineEnd === -1 ? text.length : lineEnd + 1, text: "" };
}

function endOf(item: unknown, pointer: Pointer): number {
  if (isPair(item)) return item.value === null ? rangeOf(item.key, pointer)[1] : rangeOf(item.value, pointer)[1];
  return rangeOf(item, pointer)[1];
}

function rangeOf(node: unknown, pointer: Pointer): readonly [start: number, end: number] {
  const range = isNode(node) ? node.range : undefined;
  if (range == null) throw cannotEdit(pointer);
  return [range[0], range[1]];
}

/** A value on one line. */
function rendered(value: Json): string {
  const document = new Document(value);
  if (isMap(document.contents) || isSeq(document.contents)) document.contents.flow = true;
  return document.toString({ lineWidth: 0 }).trim();
}

function keyText(key: string | number): string {
  return rendered(String(key));
}

/** Reads the change back, so that an unusual file is an error instead of a wrong edit. */
function confirm(text: string, { pointer, value }: YamlEdit): void {
  const document = parseDocument(text, { prettyErrors: false });
  const found: unknown = document.errors.length > 0 ? Number.NaN : document.toJS();
  const read = pointer.reduce<unknown>((inner, step) => (inner as Record<string | number, unknown> | undefined)?.[step], found);
  if (value !== undefined && JSON.stringify(read) !== JSON.stringify(value)) throw cannotEdit(pointer);
  if (document.errors.length > 0) throw cannotEdit(pointer);
}

function cannotEdit(pointer: Pointer): Error {
  const detail = "It is an alias, the value of an anchor, has a variable in it, or is in an unsupported notation. Change it by hand.";
  return userError("cannot-edit", `${describePointer(pointer)} cannot be changed in the file`, detail);
}
