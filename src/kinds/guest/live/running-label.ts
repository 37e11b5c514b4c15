import { parseXml, type XmlElement } from "../../../tools/xml.ts";
import type { DomainFields } from "../../terms/domain-state.ts";
import { draft } from "../draft.ts";
import { findLabel, labelNamespace } from "../metadata.ts";
import { listedFields } from "../traits.ts";
import { writeXml } from "../xml-writer.ts";

/** The label of a running guest with what it has now as what was applied, in the form that libvirt takes. Undefined when it has none. */
export function runningLabel(
  active: string,
  fields: DomainFields,
): { readonly prefix: string; readonly namespace: string; readonly xml: string } | undefined {
  const label = findLabel(parseXml(active));
  if (label === undefined) return undefined;
  // libvirt gives the elements the prefix.
  const plain = ({ name, text }: XmlElement) => {
    const local = name.slice(name.indexOf(":") + 1);
    return draft(local, {}, local === "applied" ? JSON.stringify(listedFields(fields)) : text.trim());
  };
  return {
    prefix: "virtform",
    namespace: labelNamespace,
    xml: writeXml({ ...draft("instance"), children: label.children.map(plain) }),
  };
}
