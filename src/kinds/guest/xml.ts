import type { DomainSpec } from "../terms/spec.ts";
import { draft } from "./draft.ts";
import { mergeSpec } from "./merge.ts";
import { writeXml } from "./xml-writer.ts";

/** The libvirt XML of a guest that is not defined yet. Pure: equal specs give equal text. */
export function domainXml(spec: DomainSpec): string {
  const domain = draft("domain");
  mergeSpec(domain, spec);
  return writeXml(domain);
}
