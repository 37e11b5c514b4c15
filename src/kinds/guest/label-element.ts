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

/** The label of a document. `applied`: what it records as applied instead. libvirt gives the elements the prefix. */
export function labelElement(label: XmlElement, applied?: string): LabelElement {
  const plain = ({ name, text }: XmlElement) => {
    const local = name.slice(name.indexOf(":") + 1);
    return draft(local, {}, local === "applied" ? (applied ?? text.trim()) : text.trim());
  };
  return {
    prefix: "virtform",
    namespace: labelNamespace,
    xml: writeXml({ ...draft("instance"), children: label.children.map(plain) }),
  };
}
