import type { Diagnostic } from "../../model/diagnostic.ts";
import { CodedError } from "../../model/errors.ts";
import { problem } from "../../model/problem.ts";
import type { XmlElement } from "../../tools/xml.ts";
import { instanceNames } from "../config/instance-names.ts";
import type { Checked } from "../disk/checked.ts";
import type { DomainFields } from "../terms/domain-state.ts";
import { ensure, leavesOf, patchDocument, patchPath } from "./domain-patch.ts";
import { draft } from "./draft.ts";
import { type KnownValue, type KnownXml, knownOfChild, knownXml } from "./known-xml.ts";
import { wantedFields } from "./wanted-fields.ts";

/** What fields of the table write for a guest. Of an adopted one, what they do not write is open to `domain_xml`. */
interface Wanted {
  readonly fields: DomainFields;
  readonly adopted: boolean;
}

/** Patches (`domain_xml`) that are no XML, that are ambiguous, or that are about what a field sets. */
export function checkDomainPatches({ config, domains }: Pick<Checked, "config" | "domains">): Diagnostic[] {
  return Object.entries(config.instances ?? {}).flatMap(([entry, instance]): Diagnostic[] => {
    const { domain_xml: patch, count } = instance;
    if (patch === undefined) return [];
    const names = new Set(instanceNames(entry, count));
    const spec = domains.find(({ instance: name }) => names.has(name));
    const wanted = { fields: spec === undefined ? {} : wantedFields(spec), adopted: instance.adopt === true };
    return [
      ...(patch.merge === undefined ? [] : mergeProblems(entry, patch.merge, wanted)),
      ...(patch.remove ?? []).flatMap((path, index) => removeProblems(entry, path, index, wanted)),
    ];
  });
}

function mergeProblems(entry: string, merge: string, wanted: Wanted): Diagnostic[] {
  const pointer = ["instances", entry, "domain_xml", "merge"];
  let document: XmlElement;
  try {
    document = patchDocument(merge);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    const detail = `${error.message}. Write the elements that could be inside <domain>, each with its end tag.`;
    return [problem("domain-xml-invalid", { summary: `domain_xml of ${entry} is not XML`, detail, pointer })];
  }
  const leaves = leavesOf(document, "");
  const paths = leaves.map(({ path }) => path);
  const twice = new Set(paths.filter((path, index) => paths.indexOf(path) !== index));
  return [
    ...[...twice].map((path) =>
      problem("domain-xml-ambiguous", {
        summary: `domain_xml of ${entry} has ${path} twice`,
        detail: "Nothing tells the two elements apart. Give each device an alias of its own: <alias name='ua-NAME'/>.",
        pointer,
      }),
    ),
    ...ownersIn(document, wanted).map(({ path, field }) => owned(entry, path, field, pointer)),
  ];
}

function removeProblems(entry: string, path: string, index: number, wanted: Wanted): Diagnostic[] {
  const pointer = ["instances", entry, "domain_xml", "remove", index];
  const parsed = patchPath(path);
  if (parsed === undefined) {
    const detail = "Paths are like features/pae, devices/audio[@id=1]@type and devices/channel[target@name=org.x.0].";
    return [problem("domain-xml-invalid", { summary: `${path} is no path in XML`, detail, pointer })];
  }
  const document = draft("domain");
  const element = ensure(document, parsed.steps);
  if (parsed.attribute !== null) element.attributes[parsed.attribute] = "";
  else if (parsed.text) element.text = "x";
  const whole = parsed.attribute === null && !parsed.text;
  const [owner] = whole ? ownersBelow(knownAt(document, element), wanted) : ownersIn(document, wanted).map(({ field }) => field);
  return owner === undefined ? [] : [owned(entry, path, owner, pointer)];
}

function owned(entry: string, path: string, field: string, pointer: Diagnostic["pointer"] & {}): Diagnostic {
  return problem("domain-xml-owned", {
    summary: `domain_xml of ${entry} is about ${path}, which ${field} sets`,
    detail: "Two keys cannot set one value. Remove it from domain_xml, and use the key of the instance, its flavor or its image.",
    pointer,
  });
}

/** What a document has that fields of the table write for this guest. */
function ownersIn(document: XmlElement, wanted: Wanted): { readonly path: string; readonly field: string }[] {
  const visit = (element: XmlElement, known: readonly KnownXml[], device: string, path: string): { path: string; field: string }[] => {
    const section = known.find((one) => one.section !== null)?.section ?? undefined;
    const within = section === undefined ? device : `${section.name}.${section.keyOf(element)}`;
    const whole = known.flatMap((one) => ownerOf(one.whole, within, wanted));
    if (whole[0] !== undefined) return [{ path, field: whole[0] }];
    const attributes = Object.keys(element.attributes).flatMap((name) =>
      known
        .flatMap((one) => ownerOf(one.attributes.get(name) ?? null, within, wanted))
        .map((field) => ({ path: `${path}@${name}`, field })),
    );
    const text =
      element.text.trim() === ""
        ? []
        : known.flatMap((one) => ownerOf(one.text, within, wanted)).map((field) => ({ path: `${path}#`, field }));
    const inner = element.children.flatMap((child) =>
      visit(child, knownOfChild(known, element, child), within, path === "" ? child.name : `${path}/${child.name}`),
    );
    return [...attributes, ...text, ...inner];
  };
  return visit(document, [knownXml()], "", "");
}

/** The field that writes a value for this guest; none for what libvirt fills in, and for a key that the guest does not use. */
function ownerOf(value: KnownValue | null, device: string, wanted: Wanted): string[] {
  if (value === null || value.owner === "") return [];
  const field = value.ofDevice ? `${device}.${value.owner}` : value.owner;
  return (value.onlyIfSet || wanted.adopted) && wanted.fields[field] === undefined ? [] : [field];
}

/** The fields that write anything in an element of which this is known. */
function ownersBelow(known: readonly KnownXml[], wanted: Wanted): string[] {
  return known.flatMap(({ whole, text, attributes, children, section }) => [
    ...(section === null || section.onlyIfSet || wanted.adopted ? [] : [section.name]),
    ...[whole, text, ...attributes.values()].flatMap((value) => ownerOf(value, section?.name ?? "", wanted)),
    ...ownersBelow(
      children.map((child) => child.known),
      wanted,
    ),
  ]);
}

/** What is known of an element of a document. */
function knownAt(document: XmlElement, wanted: XmlElement): readonly KnownXml[] {
  const search = (element: XmlElement, known: readonly KnownXml[]): readonly KnownXml[] | undefined => {
    if (element === wanted) return known;
    for (const child of element.children) {
      const found = search(child, knownOfChild(known, element, child));
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return search(document, [knownXml()]) ?? [];
}
