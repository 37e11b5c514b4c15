import type { XmlElement } from "./xml-element.ts";

interface Growing {
  name: string;
  attributes: Record<string, string>;
  children: Growing[];
  text: string;
}

/** Characters that XML forbids or normalises, and all that are not in the basic plane. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const unusual = /[\u0000-\u0008\u000b-\u001f\ud800-\udfff\ufffe\uffff]/;
const named: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/**
 * Parses a document that uses only what libvirt writes itself: elements, attributes, text and predefined entities. Undefined for any
 * other document, well-formed or not: comments, CDATA, processing instructions, other character references, unusual characters. Takes
 * about 60 % of the time of a complete parser, which has to recognise all of these.
 */
export function parsePlainXml(document: string): XmlElement | undefined {
  if (unusual.test(document)) return undefined;
  const root: Growing = { name: "", attributes: {}, children: [], text: "" };
  const stack: Growing[] = [root];
  let top = root;
  let at = 0;
  for (;;) {
    const open = document.indexOf("<", at);
    if (open > at || open < 0) {
      const text = decoded(document.slice(at, open < 0 ? document.length : open));
      if (text === undefined || text.includes("]]>")) return undefined;
      if (top === root) {
        if (text.trim() !== "") return undefined;
      } else top.text += text;
    }
    if (open < 0) break;
    if (document.charCodeAt(open + 1) === slash) {
      const end = open + 2 + top.name.length;
      if (top === root || !document.startsWith(top.name, open + 2) || document.charCodeAt(end) !== greater) return undefined;
      stack.pop();
      top = stack[stack.length - 1] ?? root;
      at = end + 1;
      continue;
    }
    const nameEnd = endOfName(document, open + 1);
    if (nameEnd === open + 1 || (top === root && root.children.length > 0)) return undefined;
    const name = document.slice(open + 1, nameEnd);
    const element: Growing = { name, attributes: {}, children: [], text: "" };
    at = document.charCodeAt(nameEnd) === greater ? nameEnd : readAttributes(document, nameEnd, element.attributes);
    if (at < 0) return undefined;
    const closed = document.charCodeAt(at) === slash;
    if (closed) at += 1;
    if (document.charCodeAt(at) !== greater) return undefined;
    at += 1;
    top.children.push(element);
    if (closed) continue;
    stack.push(element);
    top = element;
  }
  return stack.length === 1 ? root.children[0] : undefined;
}

const slash = 0x2f;
const greater = 0x3e;

/** The offset behind a name that begins at `from`; `from` itself when none does. Only ASCII, which is all that libvirt uses. */
function endOfName(document: string, from: number): number {
  for (let at = from; ; at += 1) {
    const code = document.charCodeAt(at);
    const letter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === underscore;
    const later = (code >= 48 && code <= 58) || code === hyphen || code === point;
    if (!letter && !(later && at > from)) return at;
  }
}

const [underscore, hyphen, point, equals, apostrophe, quotation] = [0x5f, 0x2d, 0x2e, 0x3d, 0x27, 0x22];

/** Where the attributes end; -1 for what is not plain. */
function readAttributes(document: string, from: number, into: Record<string, string>): number {
  let at = from;
  for (;;) {
    const start = at;
    while (isBlank(document.charCodeAt(at))) at += 1;
    const nameEnd = endOfName(document, at);
    if (nameEnd === at) return at;
    const quote = document.charCodeAt(nameEnd + 1);
    if (start === at || document.charCodeAt(nameEnd) !== equals || (quote !== apostrophe && quote !== quotation)) return -1;
    const end = document.indexOf(quote === apostrophe ? "'" : '"', nameEnd + 2);
    if (end < 0) return -1;
    const name = document.slice(at, nameEnd);
    const raw = document.slice(nameEnd + 2, end);
    const value = decoded(raw);
    if (value === undefined || /[<\t\n]/.test(raw) || name === "__proto__" || Object.hasOwn(into, name)) return -1;
    into[name] = value;
    at = end + 1;
  }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09;
}

function decoded(text: string): string | undefined {
  if (!text.includes("&")) return text;
  let plain = true;
  const replaced = text.replaceAll(/&([^;]*);?/g, (all, entity: string) => {
    const character = all.endsWith(";") ? named[entity] : undefined;
    if (character === undefined) plain = false;
    return character ?? "";
  });
  return plain ? replaced : undefined;
}
