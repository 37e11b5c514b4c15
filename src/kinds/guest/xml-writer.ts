import { escapedAttribute, escapedText } from "../../tools/escaped-xml.ts";
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
