import { escapedAttribute, escapedText } from "../../tools/escaped-xml.ts";
import { textAt, type XmlElement } from "../../tools/xml.ts";
import type { DomainFields, ForeignPart } from "../terms/domain-state.ts";
import { appliedFields } from "./applied-fields.ts";
import { appliedPatch } from "./applied-patch.ts";
import { patchPath, patchPaths } from "./domain-patch.ts";
import type { Draft } from "./draft.ts";
import { rowsOf } from "./fields.ts";
import { type KnownSection, type KnownValue, type KnownXml, knownOfChild, knownXml } from "./known-xml.ts";
import { findLabel } from "./metadata.ts";
import { isPlainlyKnown } from "./plainly-known.ts";
import { elementsAt } from "./xml-path.ts";

/**
 * What a definition holds that virtform does not manage and that libvirt does not fill in: elements, attributes and texts that no field
 * owns, each with everything in it.
 */
export function foreignParts(domain: XmlElement): ForeignPart[] {
  const parts: ForeignPart[] = [];
  walk(domain, (place) => parts.push({ path: pathOf(place), xml: xmlOf(place), fields: [...new Set(place.fields)] }));
  return parts;
}

/** Removes from a definition what `foreignParts` finds in it, but for what is recorded as libvirt's own. */
export function removeForeign(domain: Draft, recorded: readonly string[]): void {
  const places: Place[] = [];
  const own = new Set(recorded);
  walk(domain, (place) => {
    if (!own.has(fingerprint({ path: pathOf(place), xml: xmlOf(place) }))) places.push(place);
  });
  for (const { element, parents, attribute, text } of places) {
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

/** The parts that stay foreign when these fields are written: no field takes them over. */
export function notWanted(parts: readonly ForeignPart[], wanted: DomainFields): readonly ForeignPart[] {
  const paths = Object.keys(wanted);
  const isWanted = (field: string | null) => field !== null && paths.some((path) => path === field || path.startsWith(`${field}.`));
  return parts.filter(({ fields }) => !fields.every(isWanted));
}

/** The parts without those that are recorded as libvirt's own. */
export function withoutFillings(parts: readonly ForeignPart[], recorded: readonly string[]): readonly ForeignPart[] {
  if (parts.length === 0 || recorded.length === 0) return parts;
  const own = new Set(recorded);
  return parts.filter((part) => !own.has(fingerprint(part)));
}

function fingerprint({ path, xml }: Omit<ForeignPart, "fields">): string {
  return `${path} ${xml}`;
}

interface Place {
  readonly element: XmlElement;
  /** From the root, without the element. */
  readonly parents: readonly XmlElement[];
  readonly sections: readonly (KnownSection | undefined)[];
  readonly attribute: string | null;
  readonly text: boolean;
  readonly fields: readonly (string | null)[];
}

/** Where the walk is. */
interface Here {
  readonly known: readonly KnownXml[];
  readonly parents: readonly XmlElement[];
  readonly sections: readonly (KnownSection | undefined)[];
  /** `disks.vda` of what is in a device of a section. */
  readonly device: string;
  /** The field that could set the element, where it is foreign. */
  readonly field: string | null;
}

function walk(domain: XmlElement, found: (place: Place) => void): void {
  const root = [knownXml(rowsOf(domain.attributes["type"]))];
  if (isPlainlyKnown(domain, root)) return;
  let applied: DomainFields | undefined;
  // Few guests have anything that depends on it.
  const isApplied = (path: string) => {
    applied ??= appliedFields({ applied: textAt(findLabel(domain), "virtform:applied") ?? null }) ?? {};
    return applied[path] !== undefined;
  };
  const patched = patchedPlaces(domain);
  const fieldOf = ({ owner, ofDevice }: KnownValue, device: string) => (ofDevice ? `${device}.${owner}` : owner);
  const isOurs = (value: KnownValue, device: string) => !value.onlyIfSet || isApplied(fieldOf(value, device));
  /** The places in an element that are foreign: the element itself when nothing in it is known. */
  const visit = (element: XmlElement, here: Here): Place[] => {
    const { known, parents } = here;
    const section = known.find((one) => one.section !== null)?.section ?? undefined;
    const device = section === undefined ? here.device : `${section.name}.${section.keyOf(element)}`;
    const sections = [...here.sections, section];
    const whole = (fields: Place["fields"]) => [{ element, parents, sections: here.sections, attribute: null, text: false, fields }];
    const own = patched.get(element);
    if (known.length === 0 && own === undefined) return whole([here.field]);
    if (section?.onlyIfSet === true && !section.fields.some((name) => isApplied(`${device}.${name}`))) return whole([device]);
    if (known.some((one) => one.whole !== null && isOurs(one.whole, device))) return [];
    const place = { element, parents, sections, attribute: null, text: false };
    let places: Place[] = [];
    let isKnown = own !== undefined;
    const judge = (values: readonly KnownValue[], value: string, one: Omit<Place, "fields">) => {
      const fitting = values.filter((each) => each.values === null || each.values.test(value));
      if (fitting.some((each) => isOurs(each, device))) isKnown = true;
      else places.push({ ...one, fields: [fitting[0] === undefined ? null : fieldOf(fitting[0], device)] });
    };
    for (const [name, value] of Object.entries(element.attributes)) {
      const values = known.flatMap(({ attributes }) => attributes.get(name) ?? []);
      if (!name.startsWith("xmlns") && own?.has(`@${name}`) !== true) judge(values, value, { ...place, attribute: name });
    }
    const text = element.text.trim();
    const texts = known.flatMap((one) => one.text ?? []);
    if (element.children.length === 0 && text !== "" && own?.has("#") !== true) judge(texts, text, { ...place, text: true });
    const isDevice = parents.length === 2 && parents[1]?.name === "devices";
    for (const child of element.children) {
      const candidates = knownOfChild(known, element, child);
      // Every device has an address.
      const neutral = isDevice && (child.name === "address" || child.name === "alias");
      if (isPlainlyKnown(child, candidates)) {
        if (!neutral) isKnown = true;
        continue;
      }
      const owners = candidates.flatMap((one) => one.whole ?? []);
      // Of an element that is owned as a whole, nothing is known beside that.
      const refused = owners.length > 0 && !owners.some((one) => isOurs(one, device)) ? owners[0] : undefined;
      const inner = refused === undefined ? candidates : candidates.filter((one) => one.whole === null);
      const field = refused === undefined ? null : fieldOf(refused, device);
      const inside = visit(child, { known: inner, parents: [...parents, element], sections, device, field });
      if (inside.length > 0) places = [...places, ...inside];
      if (!neutral && !(inside.length === 1 && inside[0]?.element === child && inside[0].attribute === null && !inside[0].text))
        isKnown = true;
    }
    if (isKnown || places.length === 0 || parents.length === 0) return places;
    return whole(places.flatMap(({ fields }) => fields));
  };
  for (const place of visit(domain, { known: root, parents: [], sections: [], device: "", field: null })) found(place);
}

/** What `domain_xml` gave, by element: its attributes (`@name`) and its text (`#`). The elements around are in it too. */
function patchedPlaces(domain: XmlElement): ReadonlyMap<XmlElement, ReadonlySet<string>> {
  const places = new Map<XmlElement, Set<string>>();
  const learn = (element: XmlElement) => {
    const own = places.get(element) ?? new Set<string>();
    places.set(element, own);
    return own;
  };
  for (const path of patchPaths(appliedPatch(domain))) {
    const parsed = patchPath(path);
    const [found] = parsed === undefined ? [] : elementsAt(domain, parsed.steps);
    if (parsed === undefined || found === undefined) continue;
    for (let depth = 1; depth <= parsed.steps.length; depth += 1) {
      const [element] = elementsAt(domain, parsed.steps.slice(0, depth));
      if (element !== undefined) learn(element);
    }
    if (parsed.attribute !== null) learn(found).add(`@${parsed.attribute}`);
    else if (parsed.text) learn(found).add("#");
  }
  return places;
}

/** For people: `cputune`, `watchdog`, `disks.vda.iotune`, `cpu.feature.avx512f`. */
function pathOf({ element, parents, sections, attribute }: Place): string {
  const chain = [...parents, element];
  const names = chain.flatMap((one, depth): string[] => {
    if (depth === 0 || (depth === 1 && one.name === "devices" && chain.length > 2)) return [];
    const section = sections[depth];
    if (section !== undefined) return [section.name, section.keyOf(one)];
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
