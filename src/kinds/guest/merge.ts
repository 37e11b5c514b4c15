import { find, textAt } from "../../tools/xml.ts";
import type { DomainFields, FieldValue } from "../terms/domain-state.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { appliedFields } from "./applied-fields.ts";
import { deviceElements } from "./device-elements.ts";
import { mergePatch } from "./domain-patch.ts";
import { add, at, type Draft } from "./draft.ts";
import type { DeviceFields, FieldTraits, OwnedXml } from "./field.ts";
import { type FieldRow, isDevices, rowsOf } from "./fields.ts";
import { isSatisfied } from "./is-satisfied.ts";
import { isManaged, staysUnwanted } from "./managed.ts";
import { findLabel, labelOf, novaOf } from "./metadata.ts";
import { recordedFields } from "./recorded-fields.ts";
import { isForeign } from "./traits.ts";
import { isGiven, wantedValue } from "./wanted-fields.ts";
import { parseXmlPath, removeAt, type XmlPath } from "./xml-path.ts";
import { inOrder } from "./xml-writer.ts";

/**
 * Edits a domain's document so that it describes the guest of a spec (Nova XML-02 … XML-16). Each field writes what it owns; everything
 * else stays: elements that people added, addresses that libvirt chose, a version of the machine. An empty document becomes a whole one.
 * Its label records the fields, so that a later plan can distinguish a changed configuration from a changed host.
 */
export function mergeSpec(domain: Draft, spec: DomainSpec): void {
  const fresh = domain.children.length === 0;
  const applied = appliedFields({ applied: textAt(findLabel(domain), "virtform:applied") ?? null });
  identify(domain, spec);
  for (const row of rowsOf(spec.virtType)) if (isManaged(row, spec)) mergeRow(domain, row, spec, applied, fresh);
  mergePatch(domain, spec.domainXml, applied);
  at(labelOf(domain), "virtform:applied").text = appliedText(spec);
  const nova = find(domain, "metadata", "nova:instance") as Draft | undefined;
  if (nova !== undefined && !spec.adopted) nova.children.splice(0, nova.children.length, ...inOrder(nova.name, nova.children));
}

/** What the label records as applied. */
export function appliedText(spec: DomainSpec): string {
  return JSON.stringify(recordedFields(spec));
}

/** The identity of the domain, which is not a field: uuid, owner and type of guest. */
function identify(domain: Draft, { uuid, instance, origin, project, adopted, disks, virtType }: DomainSpec): void {
  at(domain, "uuid").text = uuid;
  const label = labelOf(domain);
  label.children.splice(0, label.children.length);
  at(label, "virtform:project").text = project;
  at(label, "virtform:instance_name").text = instance;
  at(label, "virtform:uuid").text = uuid;
  if (origin !== instance) at(label, "virtform:origin").text = origin;
  if (adopted) {
    const brought = disks.filter(({ given, device, attachment }) => given !== null && device === "disk" && attachment.source !== "");
    at(label, "virtform:adopted").text = JSON.stringify(brought.map(({ name }) => name));
    return;
  }
  const nova = novaOf(domain);
  nova.children.splice(0, nova.children.length);
  at(nova, "nova:name").text = instance;
  at(nova, "nova:owner", "nova:project").text = project;
  at(domain, "os", "type").text = virtType === "lxc" ? "exe" : "hvm";
}

function mergeRow(domain: Draft, row: FieldRow, spec: DomainSpec, applied: DomainFields | undefined, fresh: boolean): void {
  if (isDevices(row)) {
    mergeDevices(domain, row, spec, applied);
    return;
  }
  const value = wantedValue(row, spec);
  if (value === null && staysUnwanted(row.path, spec, {}, applied)) return;
  if (fresh) {
    // Nothing to remove.
  } else if (row.element !== undefined) {
    if (value !== null && row.read?.(domain) === value) return;
    removeAt(domain, [pathOf(row.element)]);
  } else if (clear(domain, row, row.read?.(domain), value)) return;
  if (value !== null) row.write?.(domain, value, spec);
}

function mergeDevices<Item>(domain: Draft, row: DeviceFields<Item>, spec: DomainSpec, applied: DomainFields | undefined): void {
  const items = row.items(spec);
  const found = deviceElements(domain, row) as Draft[];
  const keys = new Set(items.map(row.key));
  const elements = new Map(items.map((item) => [item, elementOf(row, item, spec, found, keys)] as const));
  const kept = new Set(elements.values());
  const names = row.at.split("/");
  const last = names.pop() ?? "";
  const pathsOf = (key: string) => row.fields.map(({ name }) => `${row.section}.${key}.${name}`);
  const leaving = found.filter(
    (element) => !kept.has(element) && !pathsOf(row.keyOf(element)).every((path) => staysUnwanted(path, spec, {}, applied)),
  );
  if (leaving.length > 0) {
    const { children } = at(domain, ...names);
    for (const element of leaving) children.splice(children.indexOf(element), 1);
  }
  for (const item of items) {
    const existing = elements.get(item);
    const element = existing ?? add(at(domain, ...names), last);
    row.shape(element, item, existing === undefined);
    for (const field of row.fields) {
      if (!isGiven(row, field.name, item)) continue;
      const value = field.want(item, spec);
      if (value === null && field.onlyIfSet === true && isForeign(`${row.section}.${row.key(item)}.${field.name}`, applied)) continue;
      if (value === null && spec.adopted && field.onlyIfSet !== true) continue;
      const stays = existing !== undefined && clear(element, field, field.read(element), value);
      if (!stays && value !== null) field.write(element, value, item);
    }
  }
  if (items.length === 0 && leaving.length > 0) removeEmpty(domain, names);
}

/** Removes the element at a path of names if it is empty, and those around it that are empty then: libvirt refuses some empty elements. */
function removeEmpty(domain: Draft, names: readonly string[]): void {
  for (let depth = names.length; depth > 0; depth -= 1) {
    const parent = at(domain, ...names.slice(0, depth - 1));
    const place = parent.children.findIndex(({ name }) => name === names[depth - 1]);
    const element = parent.children[place];
    if (element === undefined || element.children.length > 0 || Object.keys(element.attributes).length > 0) return;
    parent.children.splice(place, 1);
  }
}

/** The element of a device, by its key, else another that is this device and that no other item has the key of. */
function elementOf<Item>(
  row: DeviceFields<Item>,
  item: Item,
  spec: DomainSpec,
  found: readonly Draft[],
  keys: ReadonlySet<string>,
): Draft | undefined {
  const key = row.key(item);
  return (
    found.find((element) => row.keyOf(element) === key) ??
    found.find((element) => !keys.has(row.keyOf(element)) && row.isSame?.(element, item, spec) === true)
  );
}

/** Removes what a field has in the document, with what followed from another value. True if the value that is there stays as it is. */
function clear(element: Draft, field: FieldTraits & OwnedXml, have: FieldValue | undefined, want: FieldValue | null): boolean {
  if (have !== undefined && have !== want) {
    if (want !== null && isSatisfied(field, have, want)) return true;
    const { follows = [] } = field;
    removeAt(element, (typeof follows === "function" ? follows(have, want) : follows).map(pathOf));
  }
  removeAt(element, (field.owns ?? []).map(pathOf));
  return false;
}

const parsed = new Map<string, XmlPath>();

/** A path of the table. Throws a TypeError when it is not one. */
export function pathOf(text: string): XmlPath {
  const known = parsed.get(text) ?? parseXmlPath(text);
  if (known === undefined) throw new TypeError(`${text} is not a path in XML`);
  parsed.set(text, known);
  return known;
}
