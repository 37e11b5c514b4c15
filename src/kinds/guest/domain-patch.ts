import { CodedError } from "../../model/errors.ts";
import { parseXml, type XmlElement } from "../../tools/xml.ts";
import type { DomainFields, FieldValue } from "../terms/domain-state.ts";
import { add, type Draft } from "./draft.ts";
import { isOwnedDevice } from "./known-xml.ts";
import { childrenAt, elementsAt, parseXmlPath, removeAt, type XmlPath, type XmlStep } from "./xml-path.ts";

/** `domain_xml` of an instance, as it is written. */
export interface DomainPatchConfig {
  /** XML that is merged into the definition: what could be inside `<domain>`. */
  readonly merge?: string;
  /** Paths of what is removed (`xml-path.ts`). */
  readonly remove?: readonly string[];
}

/** Fields of `domain_xml` begin with this; the rest is a path in the document. */
export const patchPrefix = "domain_xml.";

/** The namespace that libvirt has for arguments of qemu. */
const qemuNamespace = "http://libvirt.org/schemas/domain/qemu/1.0";

/** What tells elements of one name apart. An alias that begins with ua-, which libvirt keeps, tells any devices apart. */
const keys: Readonly<Record<string, readonly string[]>> = {
  disk: ["target@dev"],
  interface: ["mac@address"],
  channel: ["target@name"],
  filesystem: ["target@dir"],
  controller: ["@type", "@index"],
  input: ["@type", "@bus"],
  graphics: ["@type"],
  sound: ["@model"],
  shmem: ["@name"],
  feature: ["@name"],
  timer: ["@name"],
  entry: ["@name"],
  cell: ["@id"],
  memnode: ["@cellid"],
  vcpupin: ["@vcpu"],
  iothreadpin: ["@iothread"],
  page: ["@size"],
  "qemu:env": ["@name"],
  "qemu:arg": ["@value"],
};

/** The document that the XML of a patch is part of. Throws a CodedError (`xml-malformed`) when it is not well-formed. */
export function patchDocument(merge: string): XmlElement {
  return parseXml(`<domain xmlns:qemu="${qemuNamespace}">${merge}</domain>`);
}

/**
 * The values that a patch gives, by field: a text for an attribute or the text of an element, true for an empty element, false for what is
 * removed. None for XML that is malformed, which `checkDomainPatches` reports.
 */
export function patchValues({ merge = "", remove = [] }: DomainPatchConfig): Readonly<Record<string, FieldValue>> {
  try {
    const given = leavesOf(patchDocument(merge), "").map(({ path, value }) => [`${patchPrefix}${path}`, value] as const);
    return Object.fromEntries([...given, ...remove.map((path) => [`${patchPrefix}${path}`, false] as const)]);
  } catch (error) {
    if (error instanceof CodedError) return {};
    throw error;
  }
}

/** One attribute, text or empty element of a patch. */
export interface PatchLeaf {
  readonly path: string;
  readonly value: string | true;
}

/** Every attribute, text and empty element below an element, by path. */
export function leavesOf(element: XmlElement, path: string): PatchLeaf[] {
  return element.children.flatMap((child) => {
    const step = stepOf(child);
    const at = path === "" ? step : `${path}/${step}`;
    const attributes = Object.entries(child.attributes).flatMap(([name, value]): PatchLeaf[] =>
      name.startsWith("xmlns") ? [] : [{ path: `${at}@${name}`, value }],
    );
    const text = child.children.length === 0 ? child.text.trim() : "";
    const inner = text === "" ? leavesOf(child, at) : [{ path: `${at}#`, value: text }];
    return attributes.length + inner.length === 0 ? [{ path: at, value: true }] : [...attributes, ...inner];
  });
}

/** How the paths of a patch name an element. */
function stepOf(element: XmlElement): string {
  const alias = valueAt(element, "alias@name");
  const tests = alias?.startsWith("ua-") === true ? ["alias@name"] : (keys[element.name] ?? []);
  const given = tests.flatMap((test) => {
    const value = valueAt(element, test);
    return value === undefined || /[[\]]/.test(value) ? [] : [`[${test}=${value}]`];
  });
  return `${element.name}${given.join("")}`;
}

/** The value of `target@dev` or `@type`. */
function valueAt(element: XmlElement, test: string): string | undefined {
  const [child = "", attribute = ""] = test.split("@");
  const found = child === "" ? element : element.children.find(({ name }) => name === child);
  return found?.attributes[attribute];
}

/** A path of a patch; each step means the first element. Undefined when it is not a path. */
export function patchPath(path: string): XmlPath | undefined {
  const parsed = parseXmlPath(path);
  return parsed === undefined ? undefined : { ...parsed, steps: parsed.steps.map((step) => ({ ...step, first: true })) };
}

/** Paths of the patch among these fields. */
export function patchPaths(fields: DomainFields | undefined): string[] {
  return Object.keys(fields ?? {}).flatMap((path) => (path.startsWith(patchPrefix) ? [path.slice(patchPrefix.length)] : []));
}

/** What a document has at a path of a patch: undefined when nothing, `removed` says that this is what was applied. */
export function readPatchValue(domain: XmlElement, path: string, applied: FieldValue | undefined): FieldValue | undefined {
  const parsed = patchPath(path);
  const [element] = parsed === undefined ? [] : elementsAt(domain, parsed.steps);
  const none = applied === false ? false : undefined;
  if (element === undefined || parsed === undefined) return none;
  if (parsed.attribute !== null) return element.attributes[parsed.attribute] ?? none;
  if (parsed.text) return element.text.trim() === "" ? none : element.text.trim();
  return true;
}

/**
 * Writes the patch among the wanted fields into a document, and removes what an earlier one wrote. A device that no field of the table writes
 * goes as a whole with the last part of it.
 */
export function mergePatch(domain: Draft, wanted: DomainFields, applied: DomainFields | undefined): void {
  const paths = patchPaths(wanted);
  const stale = patchPaths(applied).filter((path) => !paths.includes(path) && applied?.[`${patchPrefix}${path}`] !== false);
  // The key of a disk in a path finds the disk; a field of the table wrote it.
  const gone = stale.filter((path) => !(isKey(path) && isOwned(domain, path)));
  const parent = domain.children.find(({ name }) => name === "devices");
  const leaving = gone
    .flatMap((path) => deviceOf(domain, path) ?? [])
    .filter((device) => parent !== undefined && !isOwnedDevice(parent, device));
  const kept = new Set(paths.flatMap((path) => deviceOf(domain, path) ?? []));
  removeAt(
    domain,
    [...gone, ...paths.filter((path) => wanted[`${patchPrefix}${path}`] === false)].flatMap((path) => patchPath(path) ?? []),
  );
  for (const device of leaving) {
    const place = parent?.children.indexOf(device) ?? -1;
    if (!kept.has(device) && place >= 0) parent?.children.splice(place, 1);
  }
  for (const path of paths) {
    const value = wanted[`${patchPrefix}${path}`];
    const parsed = patchPath(path);
    if (parsed === undefined || value === undefined || value === false) continue;
    const element = ensure(domain, parsed.steps);
    if (parsed.attribute !== null) element.attributes[parsed.attribute] = String(value);
    else if (parsed.text) element.text = String(value);
  }
  if (paths.some((path) => path.startsWith("qemu:"))) domain.attributes["xmlns:qemu"] = qemuNamespace;
}

/** Whether a path is about the value by which it finds its element: `disk[target@dev=vda]/target@dev`. */
function isKey(path: string): boolean {
  const { steps = [], attribute = null } = patchPath(path) ?? {};
  const [around, last] = steps.slice(-2);
  const has = (step: XmlStep | undefined, child: string | null) =>
    step?.tests.some((one) => one.child === child && one.attribute === attribute) === true;
  return attribute !== null && (has(last, null) || has(around, last?.name ?? null));
}

/** Whether a path leads into a device that fields of the table write. */
function isOwned(domain: Draft, path: string): boolean {
  const devices = domain.children.find(({ name }) => name === "devices");
  const device = deviceOf(domain, path);
  return devices !== undefined && device !== undefined && isOwnedDevice(devices, device);
}

/** The device that a path leads into. */
function deviceOf(domain: Draft, path: string): Draft | undefined {
  const steps = patchPath(path)?.steps ?? [];
  return steps[0]?.name === "devices" && steps.length > 1 ? elementsAt(domain, steps.slice(0, 2))[0] : undefined;
}

/** The element that steps lead to; those that are missing are added, with what the steps say of them. */
export function ensure(domain: Draft, steps: readonly XmlStep[]): Draft {
  return steps.reduce((parent, step) => {
    const [existing] = childrenAt(parent, step);
    if (existing !== undefined) return existing;
    const created = add(parent, step.name);
    for (const { child, attribute, value } of step.tests) {
      const target = child === null ? created : (created.children.find(({ name }) => name === child) ?? add(created, child));
      target.attributes[attribute] = value;
    }
    return created;
  }, domain);
}
