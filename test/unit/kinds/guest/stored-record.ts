import type { DomainRecord } from "../../../../src/tools/libvirt/libvirt.ts";

/** The record of a domain that is off, with this definition. */
export function storedRecord(domain: Pick<DomainRecord, "uuid" | "name" | "xml">): DomainRecord {
  return { ...domain, power: "stopped", reason: "unknown", persistent: true, autostart: false, active: null };
}
