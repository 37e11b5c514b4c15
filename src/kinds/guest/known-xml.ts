import type { XmlElement } from "../../tools/xml.ts";
import type { OwnedXml } from "./field.ts";
import { type FieldRow, fieldRows, isDevices } from "./fields.ts";
import { filledIn } from "./filled-in.ts";
import { childrenAt, parseXmlPath, type XmlStep } from "./xml-path.ts";

/** What is known of one element of a domain's document, by the table of fields and by what libvirt fills in. */
export interface KnownXml {
  /** Path of the field that owns it with everything in it; `libvirt` for what libvirt fills in. */
  readonly whole: string | null;
  readonly text: KnownValue | null;
  readonly attributes: ReadonlyMap<string, KnownValue>;
  readonly children: readonly { readonly step: XmlStep; readonly known: KnownXml }[];
  /** Of the elements of devices: the section of the table, and the key of one. */
  readonly section: { readonly name: string; readonly keyOf: (element: XmlElement) => string } | null;
}

/** An attribute or a text. */
export interface KnownValue {
  readonly owner: string;
  /** Which values libvirt fills in; null: all. */
  readonly values: RegExp | null;
}

interface Growing {
  whole: string | null;
  text: KnownValue | null;
  attributes: Map<string, KnownValue>;
  children: { step: XmlStep; known: Growing }[];
  section: KnownXml["section"];
}

const knownOf = new WeakMap<readonly FieldRow[], KnownXml>();

/** What is known of a document: made once per table of fields. */
export function knownXml(): KnownXml {
  const rows = fieldRows();
  const known = knownOf.get(rows) ?? compile(rows);
  knownOf.set(rows, known);
  return known;
}

function compile(rows: readonly FieldRow[]): KnownXml {
  const root = empty();
  const learn = (owner: string, path: string, values: RegExp | null = null) => {
    const parsed = parseXmlPath(path);
    if (parsed === undefined) throw new TypeError(`${path} is not a path in XML`);
    const element = elementAt(root, parsed.steps);
    if (parsed.attribute !== null) element.attributes.set(parsed.attribute, { owner, values });
    else if (parsed.text) element.text = { owner, values };
    else element.whole = owner;
  };
  for (const [path, values] of filledIn) learn("libvirt", path, values ?? null);
  for (const row of rows) {
    const owner = isDevices(row) ? row.section : row.path;
    const base = isDevices(row) ? row.at : "";
    const owned: readonly OwnedXml[] = isDevices(row)
      ? [row, ...row.fields]
      : row.element === undefined || row.owns !== undefined
        ? [row]
        : [{ owns: [row.element] }, row];
    for (const { owns = [], follows } of owned) {
      for (const path of [...owns, ...(Array.isArray(follows) ? follows : [])]) learn(owner, join(base, path));
    }
    if (isDevices(row)) elementAt(root, parseXmlPath(row.at)?.steps ?? []).section = { name: row.section, keyOf: row.keyOf };
  }
  return root;
}

function join(base: string, path: string): string {
  return base === "" ? path : /^[@#]/.test(path) ? `${base}${path}` : `${base}/${path}`;
}

function empty(): Growing {
  return { whole: null, text: null, attributes: new Map(), children: [], section: null };
}

function elementAt(root: Growing, steps: readonly XmlStep[]): Growing {
  let found = root;
  for (const step of steps) {
    const text = JSON.stringify(step);
    const existing = found.children.find((child) => JSON.stringify(child.step) === text);
    const next = existing ?? { step, known: empty() };
    if (existing === undefined) found.children.push(next);
    found = next.known;
  }
  return found;
}

/** What is known of a child of an element, of which this is known; nothing for a foreign one. */
export function knownOfChild(known: readonly KnownXml[], parent: XmlElement, child: XmlElement): KnownXml[] {
  return known.flatMap(({ children }) =>
    children.flatMap((one) => {
      if (one.step.name !== child.name && one.step.name !== "*") return [];
      return childrenAt(parent, one.step).includes(child) ? [one.known] : [];
    }),
  );
}
