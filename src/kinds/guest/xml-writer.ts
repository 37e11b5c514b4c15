import type { XmlElement } from "../../tools/xml.ts";

/** An element to be written. Attributes and children that are undefined are left out; text and children exclude each other. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  readonly content: string | readonly (Element | undefined)[];
}

/** One element; `content` is text or children. */
export function element(name: string, attributes: Element["attributes"] = {}, content: Element["content"] = []): Element {
  return { name, attributes, content };
}

/**
 * The document, indented by two, ending in a line end. Throws a TypeError on characters that XML cannot hold at all: they
 * would otherwise be lost on the way through libvirt.
 */
export function writeXml(root: Element): string {
  return write(root, "");
}

/** The element as a parser would give it back after `writeXml`, without the way through text. */
export function parsed({ name, attributes, content }: Element): XmlElement {
  const written: Record<string, string> = {};
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) written[key] = String(value);
  const isText = typeof content === "string";
  return {
    name,
    attributes: written,
    children: isText ? [] : content.filter((child) => child !== undefined).map(parsed),
    text: isText ? content : "",
  };
}

function write({ name, attributes, content }: Element, indent: string): string {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${escapeAttribute(String(value))}"`],
  );
  const start = `${indent}<${name}${written.join("")}`;
  if (typeof content === "string") return `${start}>${escapeText(content)}</${name}>\n`;
  const children = content.filter((child) => child !== undefined);
  if (children.length === 0) return `${start}/>\n`;
  return `${start}>\n${children.map((child) => write(child, `${indent}  `)).join("")}${indent}</${name}>\n`;
}

const impossible =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
  "\r": "&#13;",
  "\t": "&#9;",
};

function escapeAttribute(text: string): string {
  return checked(text).replace(/[&<>"\n\r\t]/g, (character) => entities[character] ?? character);
}

function escapeText(text: string): string {
  return checked(text).replace(/[&<>\r]/g, (character) => entities[character] ?? character);
}

function checked(text: string): string {
  if (impossible.test(text)) throw new TypeError(`XML cannot hold ${JSON.stringify(text)}`);
  return text;
}
