import { SaxesParser } from "saxes";
import { CodedError } from "../model/errors.ts";
import { problem } from "../model/problem.ts";
import { parsePlainXml } from "./plain-xml.ts";
import type { XmlElement } from "./xml-element.ts";

export type { XmlElement } from "./xml-element.ts";

interface Growing {
  name: string;
  attributes: Record<string, string>;
  children: Growing[];
  text: string;
}

/**
 * Parses a whole document. Throws a CodedError (`xml-malformed`) when it is not well-formed. `what` names a document that libvirt sent, for the beginning
 * of a sentence: `The description of secret 5b1d…`.
 */
export function parseXml(text: string, what?: string): XmlElement {
  return parsePlainXml(text) ?? parseAnyXml(text, what);
}

/**
 * A parser of documents that are written much alike, as the definitions of guests are: what is written as in the document before is not
 * read again, and is the same object. Throws as `parseXml`.
 */
export function alikeXmlParser(): (text: string) => XmlElement {
  let last: XmlElement | undefined;
  return (text) => {
    const plain = parsePlainXml(text, last);
    last = plain ?? last;
    return plain ?? parseAnyXml(text);
  };
}

/** The same by a complete parser, for documents with comments, CDATA and whatever else XML has. */
export function parseAnyXml(text: string, what?: string): XmlElement {
  const parser = new SaxesParser({ position: false });
  const root: Growing = { name: "", attributes: {}, children: [], text: "" };
  const stack: Growing[] = [root];
  const top = () => stack[stack.length - 1] ?? root;
  /** Text since the last tag. */
  let segment = "";
  const settle = (leaf: boolean) => {
    if (leaf || /[^ \t\r\n]/.test(segment)) top().text += segment;
    segment = "";
  };
  parser.on("error", (error) => {
    throw malformedXml(error.message, what);
  });
  parser.on("opentag", (tag) => {
    settle(false);
    const element: Growing = { name: tag.name, attributes: tag.attributes as Record<string, string>, children: [], text: "" };
    top().children.push(element);
    stack.push(element);
  });
  parser.on("closetag", () => {
    settle(top().children.length === 0);
    stack.pop();
  });
  const addText = (more: string) => {
    segment += more;
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.write(text).close();
  const [document] = root.children;
  if (document === undefined) throw malformedXml("it has no element", what);
  return document;
}

/** The error for a document that is not XML, or not of the XML that is read here. `what`: as for `parseXml`. */
export function malformedXml(why: string, what?: string): CodedError {
  return new CodedError([
    problem("xml-malformed", {
      summary: `${what ?? "An XML document"} is malformed: ${why.trim()}`,
      detail:
        what === undefined
          ? "Correct it where it was written, or remove it."
          : "libvirt sent it. Run the same command again; if it fails again, look at the log of libvirtd (journalctl -u libvirtd) and restart it.",
    }),
  ]);
}

// Loops over indexes, and no list of names for the usual one and two: a plan of a thousand guests comes to `childNamed` 100 000 times, and an iterator or a
// list makes an object each time.

/** The element at a path of names below, the first where there are several. */
export function find(element: XmlElement | undefined, name?: string, below?: string, deeper?: string): XmlElement | undefined {
  let found = element;
  if (name !== undefined && found !== undefined) found = childNamed(found.children, name);
  if (below !== undefined && found !== undefined) found = childNamed(found.children, below);
  if (deeper !== undefined && found !== undefined) found = childNamed(found.children, deeper);
  return found;
}

/** All direct children of a name. */
export function findAll(element: XmlElement | undefined, name: string): XmlElement[] {
  const found: XmlElement[] = [];
  const children = element?.children ?? [];
  for (let index = 0; index < children.length; index += 1) {
    const child = children[index];
    if (child?.name === name) found.push(child);
  }
  return found;
}

function childNamed(children: readonly XmlElement[], name: string): XmlElement | undefined {
  for (let index = 0; index < children.length; index += 1) {
    const child = children[index];
    if (child?.name === name) return child;
  }
  return undefined;
}

/** The trimmed text of the element at a path; undefined when there is none. */
export function textAt(element: XmlElement | undefined, name?: string, below?: string, deeper?: string): string | undefined {
  return find(element, name, below, deeper)?.text.trim();
}
