import type { XmlElement } from "../../tools/xml.ts";
import { type KnownValue, type KnownXml, knownByOrder, knownOfChild } from "./known-xml.ts";

/**
 * Elements that are plainly known, with what was known of the element around them. Documents that are written alike share elements
 * (`alikeXmlParser`), so that of a thousand guests most elements are looked at once.
 */
const remembered = new WeakMap<XmlElement, readonly KnownXml[]>();

/**
 * True only if nothing in an element is foreign, whatever was applied to the guest. Says so for nearly every element of nearly every guest, in
 * a fraction of the time that it takes to find out what is foreign.
 */
export function isPlainlyKnown(element: XmlElement, known: readonly KnownXml[]): boolean {
  if (known.length === 0) return false;
  let whole = false;
  for (let index = 0; index < known.length; index += 1) {
    const one = known[index] as KnownXml;
    if (one.section?.onlyIfSet === true || one.whole?.onlyIfSet === true) return false;
    if (one.whole !== null) whole = true;
  }
  return whole || (attributesAreKnown(element, known) && textIsKnown(element, known) && childrenAreKnown(element, known));
}

function attributesAreKnown({ attributes }: XmlElement, known: readonly KnownXml[]): boolean {
  for (const name in attributes) {
    if (name.startsWith("xmlns")) continue;
    const value = attributes[name] ?? "";
    let fits = false;
    for (let index = 0; index < known.length && !fits; index += 1) fits = isFitting(known[index]?.attributes.get(name), value);
    if (!fits) return false;
  }
  return true;
}

function textIsKnown({ children, text }: XmlElement, known: readonly KnownXml[]): boolean {
  if (children.length > 0 || text === "") return true;
  const trimmed = text.trim();
  if (trimmed === "") return true;
  for (let index = 0; index < known.length; index += 1) if (isFitting(known[index]?.text, trimmed)) return true;
  return false;
}

function childrenAreKnown(element: XmlElement, known: readonly KnownXml[]): boolean {
  for (let index = 0; index < element.children.length; index += 1) {
    const child = element.children[index] as XmlElement;
    const before = remembered.get(child);
    if (before !== undefined && isSame(before, known)) continue;
    if (!isPlainlyKnown(child, knownOfChild(known, element, child))) return false;
    if (child.shared === true && !knownByOrder(known, child.name)) remembered.set(child, known);
  }
  return true;
}

function isFitting(value: KnownValue | null | undefined, found: string): boolean {
  return value !== null && value !== undefined && !value.onlyIfSet && (value.values === null || value.values.test(found));
}

function isSame(one: readonly KnownXml[], other: readonly KnownXml[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index += 1) if (one[index] !== other[index]) return false;
  return true;
}
