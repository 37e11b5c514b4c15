import { parseXml } from "../../../tools/xml.ts";
import type { DomainFields } from "../../terms/domain-state.ts";
import { type LabelElement, labelElement } from "../label-element.ts";
import { findLabel } from "../metadata.ts";
import { listedFields } from "../traits.ts";

/**
 * The label of a running guest with what it has now as what was applied, in the form that libvirt takes. Of an adopted guest only fields that were
 * applied before are. Undefined when it has none.
 */
export function runningLabel(
  active: string,
  fields: DomainFields,
  isOurs: (path: string) => boolean = () => true,
): LabelElement | undefined {
  const label = findLabel(parseXml(active));
  const own = Object.fromEntries(Object.entries(listedFields(fields)).filter(([path]) => isOurs(path)));
  return label === undefined ? undefined : labelElement(label, { applied: JSON.stringify(own) });
}
