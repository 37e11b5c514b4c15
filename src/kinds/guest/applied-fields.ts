import type { DomainFields, DomainLabel } from "../terms/domain-state.ts";

/** The fields that were last applied; undefined when they are not recorded or cannot be read. Read only where a domain differs. */
export function appliedFields(label: Pick<DomainLabel, "applied"> | undefined): DomainFields | undefined {
  const text = label?.applied ?? null;
  if (text === null) return undefined;
  try {
    const applied: unknown = JSON.parse(text);
    return typeof applied === "object" && applied !== null && !Array.isArray(applied) ? (applied as DomainFields) : undefined;
  } catch {
    return undefined;
  }
}
