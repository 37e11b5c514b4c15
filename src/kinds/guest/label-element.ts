import type { XmlElement } from "../../tools/xml.ts";
import { draft } from "./draft.ts";
import { labelNamespace } from "./metadata.ts";
import { writeXml } from "./xml-writer.ts";

/** Our label in the form in which libvirt takes an element of the metadata. */
export interface LabelElement {
  readonly prefix: string;
  readonly namespace: string;
  readonly xml: string;
}

/** The label of a document with other texts of elements, by their names; null: without the element. libvirt gives the elements the prefix. */
export function labelElement(label: XmlElement, changed: Readonly<Record<string, string | null>> = {}): LabelElement {
  const texts = new Map(label.children.map(({ name, text }) => [name.slice(name.indexOf(":") + 1), text.trim()]));
  for (const [name, text] of Object.entries(changed)) {
    if (text === null) texts.delete(name);
    else texts.set(name, text);
  }
  return {
    prefix: "virtform",
    namespace: labelNamespace,
    xml: writeXml({ ...draft("instance"), children: [...texts].map(([name, text]) => draft(name, {}, text)) }),
  };
}
