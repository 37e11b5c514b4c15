import type { XmlElement } from "../../tools/xml.ts";

/**
 * Order of the children of an element, by the element's name. libvirt accepts any order; a fixed one makes documents comparable.
 * Names that are not listed follow, in the order in which they were added.
 */
const childOrder: Readonly<Record<string, readonly string[]>> = {
  domain: ["uuid", "name", "title", "description", "memory", "vcpu", "metadata", "sysinfo", "os", "features", "cpu", "clock", "devices"],
  metadata: ["virtform:instance", "nova:instance"],
  "nova:instance": ["nova:name", "nova:flavor", "nova:owner", "nova:root"],
  os: ["type", "kernel", "initrd", "cmdline", "smbios"],
  devices: ["disk", "controller", "interface", "serial", "console", "channel", "input", "graphics", "video", "rng", "memballoon"],
  disk: ["driver", "auth", "source", "target", "readonly", "serial", "boot", "encryption"],
};

/**
 * The document, indented by two spaces below `indent`, ending in a line end. Throws a TypeError for characters that XML cannot represent: libvirt
 * would drop them.
 */
export function writeXml(root: XmlElement, indent = ""): string {
  return write(root, indent);
}

function write({ name, attributes, children, text }: XmlElement, indent: string): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapedAttribute(value)}"`);
  const start = `${indent}<${name}${written.join("")}`;
  if (children.length > 0) {
    const inside = inOrder(name, children).map((child) => write(child, `${indent}  `));
    return `${start}>\n${inside.join("")}${indent}</${name}>\n`;
  }
  return text === "" ? `${start}/>\n` : `${start}>${escapedText(text)}</${name}>\n`;
}

/** Children of an element of this name in the order in which they are written. */
export function inOrder<Element extends XmlElement>(parent: string, children: readonly Element[]): readonly Element[] {
  const order = childOrder[parent];
  if (order === undefined) return children;
  const rank = ({ name }: XmlElement) => (order.includes(name) ? order.indexOf(name) : order.length);
  return children.toSorted((one, other) => rank(one) - rank(other));
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

/** Printable ASCII that needs no entity, which is nearly all there is: between double quotes, and between tags. */
const plainAttribute = /^[ !#-%'-;=?-~]*$/;
const plainText = /^[ -%'-;=?-~]*$/;

/** Text as it is written between double quotes. Throws as `writeXml` does. */
export function escapedAttribute(text: string): string {
  if (plainAttribute.test(text)) return text;
  return checked(text).replace(/[&<>"\n\r\t]/g, (character) => entities[character] ?? character);
}

/** Text as it is written between tags. Throws as `writeXml` does. */
export function escapedText(text: string): string {
  if (plainText.test(text)) return text;
  return checked(text).replace(/[&<>\r]/g, (character) => entities[character] ?? character);
}

function checked(text: string): string {
  if (impossible.test(text)) throw new TypeError(`XML cannot hold ${JSON.stringify(text)}`);
  return text;
}
