import { textAt, type XmlElement } from "../../tools/xml.ts";
import type { DomainFields } from "../terms/domain-state.ts";
import { appliedFields } from "./applied-fields.ts";
import { patchPrefix } from "./domain-patch.ts";
import { findLabel } from "./metadata.ts";

/** The applied fields of a guest whose configuration has `domain_xml`; undefined for any other, whose record is then not parsed. */
export function appliedPatch(domain: XmlElement): DomainFields | undefined {
  const applied = textAt(findLabel(domain), "virtform:applied") ?? null;
  return applied?.includes(`"${patchPrefix}`) === true ? appliedFields({ applied }) : undefined;
}
