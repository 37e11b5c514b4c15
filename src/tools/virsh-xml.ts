/** One element of a parsed document. */
export interface XmlElement {
  /** As written, prefix included: `nova:instance`. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** All text directly inside it, but not the white space that only sets elements apart. */
  readonly text: string;
}

interface Growing {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: Growing[];
  text: string;
}

const [slash, greater, exclamation, question, equals] = [0x2f, 0x3e, 0x21, 0x3f, 0x3d];

/**
 * Parses a whole document as libvirt writes it: without a document type, and so without entities of its own. Throws an Error
 * when it is not well-formed. By hand, because a plan reads 8 KB for every domain there is, and saxes, the fastest of the
 * general parsers, takes 1.7 times as long.
 */
export function parseXml(text: string): XmlElement {
  const document: Growing = { name: "", attributes: {}, children: [], text: "" };
  const stack = [document];
  let top = document;
  let at = 0;
  for (;;) {
    const open = text.indexOf("<", at);
    const end = open < 0 ? text.length : open;
    if (skipSpace(text, at) < end) top.text += unescapeXml(text.slice(at, end));
    if (open < 0) break;
    const next = text.charCodeAt(open + 1);
    if (next === slash) {
      at = skipSpace(text, open + 2 + top.name.length);
      if (stack.length === 1 || !text.startsWith(top.name, open + 2) || text.charCodeAt(at) !== greater) throw malformed(text, open);
      at += 1;
      stack.pop();
      top = stack[stack.length - 1] ?? document;
    } else if (next === exclamation || next === question) {
      const [start, stop] = text.startsWith("<!--", open) ? ["<!--", "-->"] : next === question ? ["<?", "?>"] : ["<![CDATA[", "]]>"];
      const last = text.startsWith(start, open) ? text.indexOf(stop, open + start.length) : -1;
      if (last < 0) throw malformed(text, open);
      if (start === "<![CDATA[") top.text += text.slice(open + start.length, last);
      at = last + stop.length;
    } else {
      const nameEnd = endOfName(text, open + 1);
      const element: Growing = { name: text.slice(open + 1, nameEnd), attributes: {}, children: [], text: "" };
      const tagEnd = readAttributes(text, nameEnd, element.attributes);
      const empty = text.charCodeAt(tagEnd) === slash;
      at = tagEnd + (empty ? 2 : 1);
      top.children.push(element);
      if (!empty) {
        stack.push(element);
        top = element;
      }
    }
  }
  const [root] = document.children;
  if (root === undefined || document.children.length > 1 || document.text !== "" || stack.length > 1) throw malformed(text, text.length);
  return root;
}

/** Reads attributes until the end of a tag: gives the place of its `/>` or `>`. */
function readAttributes(text: string, start: number, attributes: Record<string, string>): number {
  let at = skipSpace(text, start);
  for (;;) {
    const character = text.charCodeAt(at);
    if (character === greater || (character === slash && text.charCodeAt(at + 1) === greater)) return at;
    const nameEnd = endOfName(text, at);
    const quote = text.charAt(nameEnd + 1);
    const end = text.charCodeAt(nameEnd) === equals && (quote === "'" || quote === '"') ? text.indexOf(quote, nameEnd + 2) : -1;
    if (end < 0) throw malformed(text, at);
    attributes[text.slice(at, nameEnd)] = unescapeXml(text.slice(nameEnd + 2, end));
    at = skipSpace(text, end + 1);
  }
}

/** Where a name that begins here ends. */
function endOfName(text: string, start: number): number {
  let at = start;
  for (;;) {
    const character = text.charCodeAt(at);
    if (isSpace(character) || character === greater || character === slash || character === equals || Number.isNaN(character)) break;
    at += 1;
  }
  if (at === start) throw malformed(text, start);
  return at;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

function isSpace(character: number): boolean {
  return character === 0x20 || character === 0x0a || character === 0x0d || character === 0x09;
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Text as it was before it was written into a document. Throws an Error for an entity that XML does not have. */
export function unescapeXml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:(lt|gt|amp|quot|apos);|#(\d+);|#x([0-9a-fA-F]+);)?/g, (all, named, decimal, hex) => {
    if (all === "&") throw malformed(text, text.indexOf("&"));
    if (named !== undefined) return entities[named] ?? "";
    return String.fromCodePoint(decimal !== undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });
}

function malformed(text: string, at: number): Error {
  return new Error(`libvirt wrote something that is not well-formed XML, at ${JSON.stringify(text.slice(at, at + 40))}`);
}

/** The element at a path of names below, the first where there are several. */
export function find(element: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  let found = element;
  for (const name of path) found = found?.children.find((child) => child.name === name);
  return found;
}

/** All direct children of a name. */
export function findAll(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** The trimmed text of the element at a path; undefined when there is none. */
export function textAt(element: XmlElement | undefined, ...path: string[]): string | undefined {
  return find(element, ...path)?.text.trim();
}
