import type { XmlElement } from "../../tools/xml.ts";

/** An XML element that is being written: text or children, not both. A parsed document has the same shape. */
export interface Draft extends XmlElement {
  readonly attributes: Record<string, string>;
  readonly children: Draft[];
  text: string;
}

/** An element without a parent. */
export function draft(name: string, attributes: Readonly<Record<string, string | number>> = {}, text = ""): Draft {
  return {
    name,
    attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, String(value)])),
    children: [],
    text,
  };
}

/** Adds an element to a parent and returns it. */
export function add(parent: Draft, name: string, attributes: Readonly<Record<string, string | number>> = {}, text = ""): Draft {
  const child = draft(name, attributes, text);
  parent.children.push(child);
  return child;
}

/** The element at a path of names, the first where several have the name; each that is missing is created. */
export function at(parent: Draft, ...path: readonly string[]): Draft {
  let found = parent;
  for (const name of path) {
    const parentOfName = found;
    found = parentOfName.children.find((child) => child.name === name) ?? add(parentOfName, name);
  }
  return found;
}
