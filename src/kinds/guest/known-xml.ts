import type { XmlElement } from "../../tools/xml.ts";
import type { OwnedXml } from "./field.ts";
import { type FieldRow, fieldRows, isDevices } from "./fields.ts";
import { filledIn } from "./filled-in.ts";
import { isAt, parseXmlPath, type XmlStep } from "./xml-path.ts";

/** What is known of one element of a domain's document, by the table of fields and by what libvirt fills in. */
export interface KnownXml {
  /** Who owns it with everything in it. */
  readonly whole: KnownValue | null;
  readonly text: KnownValue | null;
  readonly attributes: ReadonlyMap<string, KnownValue>;
  readonly children: readonly { readonly step: XmlStep; readonly known: KnownXml }[];
  /** Of the elements of devices: the section of the table, and the key of one. */
  readonly section: KnownSection | null;
}

/** The devices of one section. */
export interface KnownSection {
  readonly name: string;
  readonly keyOf: (element: XmlElement) => string;
  readonly onlyIfSet: boolean;
  /** Names of the fields. */
  readonly fields: readonly string[];
}

/** An element with everything in it, an attribute or a text. */
export interface KnownValue {
  /** Path of the field; of a device, its name below the key. */
  readonly owner: string;
  /** It is a field of a device. */
  readonly ofDevice: boolean;
  /** It is foreign as long as the field was not applied. */
  readonly onlyIfSet: boolean;
  /** Which values libvirt fills in; null: all. */
  readonly values: RegExp | null;
}

interface Growing {
  whole: KnownValue | null;
  text: KnownValue | null;
  attributes: Map<string, KnownValue>;
  children: { step: XmlStep; known: Growing }[];
  section: KnownXml["section"];
  /** What is known of the children, by the step in writing: there are hundreds of paths. */
  byStep: Map<string, Growing>;
}

const knownOf = new WeakMap<readonly FieldRow[], KnownXml>();

/** What is known of a document with the fields of these rows: made once per table. */
export function knownXml(rows: readonly FieldRow[] = fieldRows()): KnownXml {
  const known = knownOf.get(rows) ?? compile(rows);
  knownOf.set(rows, known);
  return known;
}

function compile(rows: readonly FieldRow[]): KnownXml {
  const root = empty();
  const learn = (path: string, value: KnownValue) => {
    const parsed = parseXmlPath(path);
    if (parsed === undefined) throw new TypeError(`${path} is not a path in XML`);
    const element = elementAt(root, parsed.steps);
    // What libvirt fills in is known before the fields: a field that owns the same place only if it is set does not take it away.
    const better = (known: KnownValue | null | undefined) => (known !== null && known !== undefined && value.onlyIfSet ? known : value);
    if (parsed.attribute !== null) element.attributes.set(parsed.attribute, better(element.attributes.get(parsed.attribute)));
    else if (parsed.text) element.text = better(element.text);
    else element.whole = better(element.whole);
  };
  for (const [path, values = null] of filledIn) learn(path, { owner: "", ofDevice: false, onlyIfSet: false, values });
  for (const row of rows) {
    const base = isDevices(row) ? row.at : "";
    for (const { owner, ofDevice, onlyIfSet = false, owns = [], follows } of ownersOf(row)) {
      for (const path of [...owns, ...(Array.isArray(follows) ? follows : [])])
        learn(join(base, path), { owner, ofDevice, onlyIfSet, values: null });
    }
    if (isDevices(row)) {
      const { section: name, keyOf, onlyIfSet = false } = row;
      const fields = row.fields.map((field) => field.name);
      elementAt(root, parseXmlPath(row.at)?.steps ?? []).section = { name, keyOf, onlyIfSet, fields };
    }
  }
  return root;
}

/** Whether a device is one that fields of the table write, whatever is configured. */
export function isOwnedDevice(devices: XmlElement, device: XmlElement): boolean {
  const known = knownXml()
    .children.filter(({ step }) => step.name === "devices")
    .map((one) => one.known);
  return knownOfChild(known, devices, device).some(isOwned);
}

function isOwned({ whole, text, attributes, children, section }: KnownXml): boolean {
  const values = [whole, text, ...attributes.values()];
  if (section?.onlyIfSet === true) return false;
  return (
    section !== null ||
    values.some((value) => value !== null && value.owner !== "" && !value.onlyIfSet) ||
    children.some(({ known }) => isOwned(known))
  );
}

type Owner = OwnedXml & { readonly owner: string; readonly ofDevice: boolean; readonly onlyIfSet?: true };

function ownersOf(row: FieldRow): Owner[] {
  if (isDevices(row)) {
    // Where a section is foreign as a whole, its elements are, and not their fields.
    const { onlyIfSet: _whole, ...shape } = row;
    return [{ ...shape, owner: "", ofDevice: true }, ...row.fields.map((field) => ({ ...field, owner: field.name, ofDevice: true }))];
  }
  const owned = { ...row, owner: row.path, ofDevice: false };
  return row.element === undefined || row.owns !== undefined ? [owned] : [{ ...owned, owns: [row.element] }];
}

function join(base: string, path: string): string {
  return base === "" ? path : /^[@#]/.test(path) ? `${base}${path}` : `${base}/${path}`;
}

function empty(): Growing {
  return { whole: null, text: null, attributes: new Map(), children: [], section: null, byStep: new Map() };
}

function elementAt(root: Growing, steps: readonly XmlStep[]): Growing {
  let found = root;
  for (const step of steps) {
    const written = JSON.stringify(step);
    let known = found.byStep.get(written);
    if (known === undefined) {
      known = empty();
      found.byStep.set(written, known);
      found.children.push({ step, known });
    }
    found = known;
  }
  return found;
}

/** The children of a name that are known. */
interface KnownChildren {
  readonly children: KnownXml["children"];
  /** What is known of every such child; null where it depends on the child or on its place. */
  readonly always: readonly KnownXml[] | null;
  readonly byOrder: boolean;
}

const childrenByName = new WeakMap<KnownXml, Map<string, KnownChildren>>();
const noChildren: KnownChildren = { children: [], always: [], byOrder: false };

function knownChildren(known: KnownXml, name: string): KnownChildren {
  let byName = childrenByName.get(known);
  if (byName === undefined) {
    byName = new Map();
    childrenByName.set(known, byName);
  }
  const learned = byName.get(name);
  if (learned !== undefined) return learned;
  const found = childrenNamed(known, name);
  // A document may have any names: only those that are known take room.
  if (found !== noChildren) byName.set(name, found);
  return found;
}

function childrenNamed(known: KnownXml, name: string): KnownChildren {
  const children = known.children.filter(({ step }) => step.name === name || step.name === "*");
  if (children.length === 0) return noChildren;
  const byOrder = children.some(({ step }) => step.first);
  const always = byOrder || children.some(({ step }) => step.tests.length > 0) ? null : children.map((one) => one.known);
  return { children, always, byOrder };
}

// Loops over indexes: they run for the elements of every guest.

/** What is known of a child of an element, of which this is known; nothing for a foreign one. */
export function knownOfChild(known: readonly KnownXml[], parent: XmlElement, child: XmlElement): readonly KnownXml[] {
  if (known.length === 1 && known[0] !== undefined) {
    const { always } = knownChildren(known[0], child.name);
    if (always !== null) return always;
  }
  const found: KnownXml[] = [];
  for (let index = 0; index < known.length; index += 1) {
    const { children } = knownChildren(known[index] as KnownXml, child.name);
    for (let place = 0; place < children.length; place += 1) {
      const one = children[place] as KnownXml["children"][number];
      if (isAt(parent, child, one.step)) found.push(one.known);
    }
  }
  return found;
}

/** Whether what is known of a child of this name depends on its place among its siblings. */
export function knownByOrder(known: readonly KnownXml[], name: string): boolean {
  for (let index = 0; index < known.length; index += 1) if (knownChildren(known[index] as KnownXml, name).byOrder) return true;
  return false;
}
