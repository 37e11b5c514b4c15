import { escapedAttribute, escapedText } from "../../tools/escaped-xml.ts";
import { malformedXml, parseXml, type XmlElement } from "../../tools/xml.ts";
import type { Draft } from "./draft.ts";
import { writeXml } from "./xml-writer.ts";

/** How an element was written in the document that it was read from. */
interface Source {
  /** Text, comments and the like between the previous sibling, or the start of the parent, and the element. */
  readonly before: string;
  /** `<name a='b'`, without its end. */
  readonly start: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** What is between the last child, or the start tag, and the end tag; null for an element without an end tag. */
  readonly tail: string | null;
  readonly text: string;
  readonly leaf: boolean;
}

const sources = new WeakMap<Draft, Source>();

/**
 * Reads a document that is to be edited. Unchanged parts are written by `writeDocument` as they were, byte for byte: comments, CDATA,
 * entities, prefixes, white space. Throws a CodedError (`xml-malformed`) when the document is not well-formed.
 */
export function readDocument(document: string): Draft {
  return attach(parseXml(document), scan(document));
}

/** The document with its changes. New elements are indented by two spaces. */
export function writeDocument(root: Draft): string {
  return `${write(root, "").trim()}\n`;
}

/** An element as it is written, with those inside it. */
interface Span {
  readonly name: string;
  readonly before: string;
  readonly start: string;
  readonly tail: string | null;
  readonly children: readonly Span[];
}

function attach(element: XmlElement, { before, start, tail, children }: Span): Draft {
  const text = children.length > 0 && element.text.trim() === "" ? "" : element.text;
  const edited: Draft = {
    name: element.name,
    attributes: { ...element.attributes },
    children: element.children.map((child, index) => attach(child, children[index] ?? misplaced(child.name))),
    text,
  };
  sources.set(edited, { before, start, attributes: element.attributes, tail, text, leaf: children.length === 0 });
  return edited;
}

function misplaced(name: string): never {
  throw malformedXml(`${name} is not where it was read`);
}

const tokens =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<\/([^\s>]+)\s*>|<([^\s/>!?]+)((?:[^>"']|"[^"]*"|'[^']*')*?)(\/?)>/g;

/** Where each element of a well-formed document is. */
function scan(document: string): Span {
  if (/<!DOCTYPE/.test(document)) throw malformedXml("a document type is not allowed in it");
  interface Open {
    readonly name: string;
    readonly before: string;
    readonly start: string;
    readonly children: Span[];
    end: number;
  }
  const stack: Open[] = [{ name: "", before: "", start: "", children: [], end: 0 }];
  for (const match of document.matchAll(tokens)) {
    const [whole, closes, opens, attributes = "", alone] = match;
    const top = stack.at(-1);
    if (top === undefined || (closes === undefined && opens === undefined)) continue;
    const between = document.slice(top.end, match.index);
    const end = match.index + whole.length;
    if (opens === undefined) {
      stack.pop();
      const parent = stack.at(-1);
      if (parent === undefined) break;
      const { name, before, start, children } = top;
      parent.children.push({ name, before, start, children, tail: between });
      parent.end = end;
      continue;
    }
    const start = `<${opens}${attributes}`;
    if (alone === "/") {
      top.children.push({ name: opens, before: between, start, children: [], tail: null });
      top.end = end;
    } else stack.push({ name: opens, before: between, start, children: [], end });
  }
  const root = stack[0]?.children[0];
  if (root === undefined) throw malformedXml("it has no element");
  return root;
}

function write(element: Draft, indent: string): string {
  const source = sources.get(element);
  if (source === undefined) return `\n${writeXml(element, indent).trimEnd()}`;
  const { name, attributes, children, text } = element;
  const start = sameRecord(attributes, source.attributes) ? source.start : `<${name}${written(attributes)}`;
  const tail = children.length === 0 ? tailOfLeaf(source, text) : source.leaf ? `\n${indent}` : source.tail;
  if (tail === null) return `${source.before}${start}/>`;
  return `${source.before}${start}>${children.map((child) => write(child, `${indent}  `)).join("")}${tail}</${name}>`;
}

/** What is inside an element without children; null for nothing, and no end tag. */
function tailOfLeaf({ tail, text: had, leaf }: Source, text: string): string | null {
  if (leaf && text === had) return tail;
  return text === "" ? null : escapedText(text);
}

function written(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escapedAttribute(value)}"`)
    .join("");
}

function sameRecord(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}
