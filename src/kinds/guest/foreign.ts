import type { XmlElement } from "../../tools/xml.ts";
import type { ForeignPart } from "../terms/domain-state.ts";
import type { Draft } from "./draft.ts";
import { type KnownXml, knownOfChild, knownXml } from "./known-xml.ts";
import { escapedAttribute, escapedText } from "./xml-writer.ts";

/**
 * What a definition holds that virtform does not manage and that libvirt does not fill in: elements, attributes and texts that no field
 * owns, each with everything in it.
 */
export function foreignParts(domain: XmlElement): ForeignPart[] {
  const parts: ForeignPart[] = [];
  walk(domain, (place) => parts.push({ path: pathOf(place), xml: xmlOf(place) }));
  return parts;
}

/** Removes from a definition what `foreignParts` finds in it, but for what is recorded as libvirt's own. */
export function removeForeign(domain: Draft, recorded: readonly string[]): void {
  const places: Place[] = [];
  walk(domain, (place) => places.push(place));
  const own = new Set(recorded);
  for (const place of places) {
    if (own.has(fingerprint({ path: pathOf(place), xml: xmlOf(place) }))) continue;
    const { element, parents, attribute, text } = place;
    const [edited, parent] = [element as Draft, parents.at(-1) as Draft | undefined];
    if (attribute !== null) delete edited.attributes[attribute];
    else if (text) edited.text = "";
    else parent?.children.splice(parent.children.indexOf(edited), 1);
  }
}

/** What libvirt made of a definition that was sent to it beyond what is expected: it is not foreign, and recorded in the label. */
export function fillings(sent: readonly ForeignPart[], kept: readonly ForeignPart[]): string[] {
  const before = new Set(sent.map(fingerprint));
  return kept.map(fingerprint).filter((part) => !before.has(part));
}

/** The parts without those that are recorded as libvirt's own. */
export function withoutFillings(parts: readonly ForeignPart[], recorded: readonly string[]): readonly ForeignPart[] {
  if (parts.length === 0 || recorded.length === 0) return parts;
  const own = new Set(recorded);
  return parts.filter((part) => !own.has(fingerprint(part)));
}

function fingerprint({ path, xml }: ForeignPart): string {
  return `${path} ${xml}`;
}

interface Place {
  readonly element: XmlElement;
  /** From the root, without the element. */
  readonly parents: readonly XmlElement[];
  readonly sections: readonly (KnownXml["section"] | undefined)[];
  readonly attribute: string | null;
  readonly text: boolean;
}

function walk(domain: XmlElement, found: (place: Place) => void): void {
  const visit = (
    element: XmlElement,
    known: readonly KnownXml[],
    parents: readonly XmlElement[],
    sections: readonly (KnownXml["section"] | undefined)[],
  ): void => {
    if (known.length === 0) {
      found({ element, parents, sections, attribute: null, text: false });
      return;
    }
    if (known.some(({ whole }) => whole !== null)) return;
    const within = [...sections, known.find(({ section }) => section !== null)?.section];
    for (const [name, value] of Object.entries(element.attributes)) {
      if (name.startsWith("xmlns")) continue;
      const allowed = known.some(({ attributes }) => isKnown(attributes.get(name), value));
      if (!allowed) found({ element, parents, sections: within, attribute: name, text: false });
    }
    if (element.children.length === 0 && element.text.trim() !== "") {
      if (!known.some(({ text }) => isKnown(text, element.text.trim())))
        found({ element, parents, sections: within, attribute: null, text: true });
      return;
    }
    const inner = [...parents, element];
    for (const child of element.children) visit(child, knownOfChild(known, element, child), inner, within);
  };
  visit(domain, [knownXml()], [], []);
}

function isKnown(one: KnownXml["text"] | undefined, value: string): boolean {
  return one !== undefined && one !== null && (one.values === null || one.values.test(value));
}

/** For people: `cputune`, `watchdog`, `disks.vda.iotune`, `cpu.feature.avx512f`. */
function pathOf({ element, parents, sections, attribute }: Place): string {
  const chain = [...parents, element];
  const names = chain.flatMap((one, depth): string[] => {
    if (depth === 0 || (depth === 1 && one.name === "devices" && chain.length > 2)) return [];
    const section = sections[depth];
    if (section !== undefined && section !== null) return [section.name, section.keyOf(one)];
    return [one.name, ...keyOf(one, chain[depth - 1])];
  });
  return [...names, ...(attribute === null ? [] : [attribute])].join(".");
}

/** What tells an element from its siblings of the same name. */
function keyOf(element: XmlElement, parent: XmlElement | undefined): string[] {
  const alike = parent?.children.filter(({ name }) => name === element.name) ?? [];
  const target = element.children.find(({ name }) => name === "target");
  const name = element.attributes["name"] ?? target?.attributes["name"];
  if (name !== undefined) return [name];
  return alike.length < 2 ? [] : [String(alike.indexOf(element) + 1)];
}

function xmlOf({ element, attribute, text }: Place): string {
  if (attribute !== null) return element.attributes[attribute] ?? "";
  return text ? element.text.trim() : compact(element);
}

/** An element on one line. */
function compact({ name, attributes, children, text }: XmlElement): string {
  const start = `<${name}${Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escapedAttribute(value)}"`)
    .join("")}`;
  const inner = children.length > 0 ? children.map(compact).join("") : escapedText(text.trim());
  return inner === "" ? `${start}/>` : `${start}>${inner}</${name}>`;
}
