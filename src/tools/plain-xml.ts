import type { XmlElement } from "./xml-element.ts";

/** An element that grows. Its attributes are read when they are asked for: those of most elements never are. A class, for one getter in common. */
class Growing implements XmlElement {
  readonly name: string;
  readonly children: Growing[] = [];
  text = "";
  readonly document: string;
  /** Where the blank text before it begins. */
  readonly before: number;
  /** Where it begins. */
  readonly from: number;
  /** Behind its attributes. */
  readonly opened: number;
  /** Behind the end of the element. */
  end = 0;
  read: Record<string, string> | undefined = undefined;
  wholeText: string | undefined = undefined;
  tagText: string | undefined = undefined;

  constructor(name: string, document: string, before: number, from: number, opened: number) {
    this.name = name;
    this.document = document;
    this.before = before;
    this.from = from;
    this.opened = opened;
  }

  /** The element as it is written, with everything in it and the blank text before it. */
  get whole(): string {
    this.wholeText ??= this.document.slice(this.before, this.end);
    return this.wholeText;
  }

  /** Its first tag as it is written, up to the `>` or the `/`. */
  get tag(): string {
    this.tagText ??= this.document.slice(this.from, this.opened + 1);
    return this.tagText;
  }

  get shared(): true {
    return true;
  }

  get attributes(): Readonly<Record<string, string>> {
    this.read ??= attributesAt(this.document, this.from + 1 + this.name.length);
    return this.read;
  }
}

const named: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/**
 * Parses a document that uses only what libvirt writes itself: elements, attributes, text and predefined entities. Undefined for any
 * other document, well-formed or not: comments, CDATA, processing instructions, other character references, unusual characters. Takes
 * a fourth of the time of a complete parser, which has to recognise all of these. Blank text between elements is left out.
 *
 * `like`: a document that was read here before. An element that is written as at the same place there, character by character and with the same
 * blank text before it, is not read again: the same object is in both documents.
 */
export function parsePlainXml(document: string, like?: XmlElement): XmlElement | undefined {
  const root = new Growing("", document, 0, 0, 0);
  const stack: Growing[] = [root];
  let top = root;
  let at = 0;
  let twins: Twins | undefined = like instanceof Growing ? { children: [like], next: 0 } : undefined;
  const outer: (Twins | undefined)[] = [];
  for (;;) {
    const start = at;
    // Nearly always the next child is the next one there: written alike as a whole, or with the same tag.
    const next = twins?.children[twins.next];
    if (twins !== undefined && next !== undefined && isWritten(next.whole, document, start)) {
      top.children.push(next);
      twins.next += 1;
      at += next.whole.length;
      continue;
    }
    let kind = blank;
    let first = document.charCodeAt(at);
    while (first === 0x20 || first === 0x0a) {
      at += 1;
      first = document.charCodeAt(at);
    }
    if (first !== less) {
      simple.lastIndex = at;
      if (simple.test(document)) {
        kind = words;
        at = simple.lastIndex;
      }
    }
    for (; at < document.length; at += 1) {
      const code = document.charCodeAt(at);
      if (code === less) break;
      if (code > 0x20 && code < 0x7f && code !== ampersand && code !== bracket) kind = kind === blank ? words : kind;
      else if (code !== 0x20 && code !== 0x0a) {
        if (code === ampersand) kind = encoded;
        else if (isUnusual(code) || (code === bracket && document.startsWith("]]>", at))) return undefined;
        else if (kind === blank && code !== 0x09) kind = words;
      }
    }
    if (kind !== blank || (at > start && top.children.length === 0)) {
      if (top === root) {
        if (kind !== blank) return undefined;
      } else {
        const text = piece(document, start, at);
        const plain = kind === encoded ? decoded(text) : text;
        if (plain === undefined) return undefined;
        top.text = top.text === "" ? plain : top.text + plain;
      }
    }
    if (at === document.length) break;
    at += 1;
    if (document.charCodeAt(at) === slash) {
      const end = at + 1 + top.name.length;
      if (top === root || !isWritten(top.name, document, at + 1) || document.charCodeAt(end) !== greater) return undefined;
      stack.pop();
      twins = outer.pop();
      top.end = end + 1;
      top = stack[stack.length - 1] ?? root;
      at = end + 1;
      continue;
    }
    // The text before the first child is between elements, too, if it is blank.
    if (top.children.length === 0 && isBlankText(top.text)) top.text = "";
    const from = at - 1;
    let twin = next;
    let name = next?.name ?? "";
    if (twin !== undefined && twins !== undefined && isWritten(twin.tag, document, from)) {
      twins.next += 1;
      at = from + twin.tag.length - 1;
    } else {
      const nameEnd = endOfName(document, at);
      if (nameEnd === at) return undefined;
      name = nameAt(document, at, nameEnd);
      twin = twins === undefined ? undefined : nextNamed(twins, name);
      at = document.charCodeAt(nameEnd) === greater ? nameEnd : endOfAttributes(document, nameEnd);
      if (at < 0) return undefined;
    }
    const element = new Growing(name, document, kind === blank ? start : from, from, at);
    const closed = document.charCodeAt(at) === slash;
    if (closed) at += 1;
    if (document.charCodeAt(at) !== greater) return undefined;
    at += 1;
    top.children.push(element);
    if (closed) {
      element.end = at;
      continue;
    }
    stack.push(element);
    outer.push(twins);
    twins = twin === undefined ? undefined : { children: twin.children, next: 0 };
    top = element;
  }
  return stack.length === 1 && root.children.length === 1 ? root.children[0] : undefined;
}

/** The elements of another document that are at the same place, and the first that has not been met yet. */
interface Twins {
  readonly children: readonly Growing[];
  next: number;
}

/** Whether a document has this text here. A comparison takes a tenth of the time of `startsWith`. */
function isWritten(text: string, document: string, at: number): boolean {
  return document.slice(at, at + text.length) === text;
}

/** The next element of a name. Others before it are passed: they are not in this document. */
function nextNamed(twins: Twins, name: string): Growing | undefined {
  for (let index = twins.next; index < twins.children.length; index += 1) {
    if (twins.children[index]?.name !== name) continue;
    twins.next = index + 1;
    return twins.children[index];
  }
  return undefined;
}

/** Text that needs no closer look. */
const simple = /[\x20-\x25\x27-\x3b\x3d-\x5c\x5e-\x7e\n]+/y;
/** The same in an attribute, up to a quote. */
const simpleValue = /[\x20\x21\x23-\x25\x28-\x3b\x3d-\x7e]*/y;
const [blank, words, encoded] = [0, 1, 2];
const [slash, greater, less, ampersand, bracket] = [0x2f, 0x3e, 0x3c, 0x26, 0x5d];
const [underscore, hyphen, point, equals, apostrophe, quotation] = [0x5f, 0x2d, 0x2e, 0x3d, 0x27, 0x22];

/** Characters that XML forbids or normalises, and all that are not in the basic plane. */
function isUnusual(code: number): boolean {
  return (code < 0x20 && code !== 0x09 && code !== 0x0a) || (code >= 0xd800 && code < 0xe000) || code >= 0xfffe;
}

function isBlankText(text: string): boolean {
  return text !== "" && /^[ \n\t]*$/.test(text);
}

/** The offset behind a name that begins at `from`; `from` itself when none does. Only ASCII, which is all that libvirt uses. */
function endOfName(document: string, from: number): number {
  for (let at = from; ; at += 1) {
    const code = document.charCodeAt(at);
    const letter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === underscore;
    const later = (code >= 48 && code <= 58) || code === hyphen || code === point;
    if (!letter && !(later && at > from)) return at;
  }
}

/** Names that were read before, by a hash of their ends: documents use some sixty names again and again. Only a cache. */
const seen: string[] = new Array(1024).fill("");

function nameAt(document: string, from: number, to: number): string {
  const slot = (document.charCodeAt(from) * 7 + document.charCodeAt(to - 1) * 61 + (to - from) * 131) & 1023;
  const known = seen[slot] ?? "";
  if (known.length === to - from && document.startsWith(known, from)) return known;
  // As a key it becomes the string that the code has for the same name: equal names are one object, which makes them fast to compare.
  const [name = ""] = Object.keys({ [document.slice(from, to)]: true });
  seen[slot] = name;
  return name;
}

/** Where the attributes end; -1: they are not plain. */
function endOfAttributes(document: string, from: number): number {
  let at = from;
  for (let count = 0; ; count += 1) {
    const start = at;
    while (isBlank(document.charCodeAt(at))) at += 1;
    const nameEnd = endOfName(document, at);
    if (nameEnd === at) return at;
    const quote = document.charCodeAt(nameEnd + 1);
    if (start === at || document.charCodeAt(nameEnd) !== equals || (quote !== apostrophe && quote !== quotation)) return -1;
    const name = nameAt(document, at, nameEnd);
    if (name === "__proto__") return -1;
    for (let index = 0; index < count; index += 1) if (names[index] === name) return -1;
    names[count] = name;
    let encoded = false;
    simpleValue.lastIndex = nameEnd + 2;
    simpleValue.test(document);
    let end = simpleValue.lastIndex;
    for (; ; end += 1) {
      const code = document.charCodeAt(end);
      if (code === quote) break;
      if (code === ampersand) encoded = true;
      else if (code === less || code === 0x09 || code === 0x0a || Number.isNaN(code) || isUnusual(code)) return -1;
    }
    if (encoded && decoded(document.slice(nameEnd + 2, end)) === undefined) return -1;
    at = end + 1;
  }
}

/** Those of the element that is being read, `count` of them. */
const names: string[] = [];

/** Attributes that `endOfAttributes` has accepted. */
function attributesAt(document: string, from: number): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (let at = from; ; ) {
    while (isBlank(document.charCodeAt(at))) at += 1;
    const nameEnd = endOfName(document, at);
    if (nameEnd === at) return attributes;
    const end = document.indexOf(document.charCodeAt(nameEnd + 1) === apostrophe ? "'" : '"', nameEnd + 2);
    const raw = piece(document, nameEnd + 2, end);
    attributes[nameAt(document, at, nameEnd)] = raw.includes("&") ? (decoded(raw) ?? raw) : raw;
    at = end + 1;
  }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09;
}

/** A part of a document that can be kept: what `slice` gives is a view of the whole document, which stays in memory with it. */
function piece(document: string, from: number, to: number): string {
  const view = document.slice(from, to);
  // A text that is put together is written out when a part of it is taken.
  return to - from < shortestView ? view : ` ${view}`.slice(1);
}

/** V8 copies what is shorter. */
const shortestView = 13;

function decoded(text: string): string | undefined {
  let plain = true;
  const replaced = text.replaceAll(/&([^;]*);?/g, (all, entity: string) => {
    const character = all.endsWith(";") ? named[entity] : undefined;
    if (character === undefined) plain = false;
    return character ?? "";
  });
  return plain ? replaced : undefined;
}
