import type { DomainSpec } from "../terms/spec.ts";
import { readDocument, writeDocument } from "./document.ts";
import { mergeSpec } from "./merge.ts";

/** The definition `held` that libvirt has, edited so that it describes the guest of a spec. What virtform does not manage stays as it is. */
export function mergedXml(held: string, spec: DomainSpec): string {
  const domain = readDocument(held);
  mergeSpec(domain, spec);
  return writeDocument(domain);
}
