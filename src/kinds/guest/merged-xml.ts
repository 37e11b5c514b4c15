import type { DomainSpec } from "../terms/spec.ts";
import { readDocument, writeDocument } from "./document.ts";
import { removeForeign } from "./foreign.ts";
import { mergeSpec } from "./merge.ts";

/**
 * The definition `held` that libvirt has, edited so that it describes the guest of a spec. What virtform does not manage stays as it is,
 * unless the spec forbids it. `filled`: parts that are recorded as libvirt's own.
 */
export function mergedXml(held: string, spec: DomainSpec, filled: readonly string[] = []): string {
  const domain = readDocument(held);
  if (spec.foreign === "forbid") removeForeign(domain, filled);
  mergeSpec(domain, spec);
  return writeDocument(domain);
}
