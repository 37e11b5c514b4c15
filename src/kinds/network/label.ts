import { find, malformedXml, textAt, type XmlElement } from "../../tools/xml.ts";
import { at, type Draft } from "../guest/draft.ts";
import type { NetworkFields, NetworkValue } from "../terms/network-state.ts";

/** The namespace of our label in networks. Its number changes when a reader of the old form would misunderstand the new one. */
const namespace = "https://virtform.dev/xmlns/network/1";
const element = "virtform:network";

/** Owner and last-applied fields of a network. */
export interface NetworkLabel {
  readonly project: string;
  /** The name in the configuration. */
  readonly name: string;
  /** What was last applied; null while it is being created. */
  readonly applied: NetworkFields | null;
}

/** The label of a network; undefined without one. Fields that cannot be read count as not recorded. Throws a CodedError for one without project or name. */
export function readNetworkLabel(root: XmlElement): NetworkLabel | undefined {
  const label = find(root, "metadata", element);
  if (label?.attributes["xmlns:virtform"] !== namespace) return undefined;
  const [project, name] = [textAt(label, "virtform:project"), textAt(label, "virtform:name")];
  if (project === undefined || name === undefined) throw malformedXml("virtform:network has no project or no name");
  return { project, name, applied: readFields(textAt(label, "virtform:applied")) };
}

/** Writes the label into a document. */
export function writeNetworkLabel(root: Draft, { project, name, applied }: NetworkLabel): void {
  const label = at(root, "metadata", element);
  label.attributes["xmlns:virtform"] = namespace;
  at(label, "virtform:project").text = project;
  at(label, "virtform:name").text = name;
  if (applied !== null) at(label, "virtform:applied").text = JSON.stringify(applied);
  else label.children.splice(0, Infinity, ...label.children.filter((child) => child.name !== "virtform:applied"));
}

const longestLabel = 1_000_000;

function readFields(text: string | undefined): NetworkFields | null {
  if (text === undefined || text.length > longestLabel) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, NetworkValue] => isValue(entry[1])));
  } catch {
    return null;
  }
}

function isValue(value: unknown): value is NetworkValue {
  return Array.isArray(value) ? value.every((one) => typeof one === "string") : ["string", "number", "boolean"].includes(typeof value);
}
