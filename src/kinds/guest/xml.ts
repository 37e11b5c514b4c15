import type { DomainSpec } from "../terms/spec.ts";
import { add, at, type Draft, draft } from "./draft.ts";
import { fieldRows, isDevices } from "./fields.ts";
import { labelOf, novaOf } from "./metadata.ts";
import { listedFields } from "./traits.ts";
import { wantedFields, wantedValue } from "./wanted-fields.ts";
import { writeXml } from "./xml-writer.ts";

/**
 * The libvirt XML of a guest (Nova XML-02 … XML-16). Pure: equal specs give equal text. Its label records the fields, so that a later
 * plan can distinguish a changed configuration from a changed host.
 */
export function domainXml(spec: DomainSpec): string {
  const domain = draft("domain");
  identify(domain, spec);
  for (const row of fieldRows()) {
    if (!isDevices(row)) {
      const value = wantedValue(row, spec);
      if (value !== null) row.write?.(domain, value, spec);
      continue;
    }
    for (const item of row.items(spec)) {
      const element = row.create(domain, item);
      for (const { want, write } of row.fields) {
        const value = want(item, spec);
        if (value !== null) write(element, value, item);
      }
    }
  }
  add(labelOf(domain), "virtform:applied", {}, JSON.stringify(listedFields(wantedFields(spec))));
  return writeXml(domain);
}

/** The identity of the domain, which is not a field: uuid, owner and type of guest. */
function identify(domain: Draft, { uuid, instance, project }: DomainSpec): void {
  at(domain, "uuid").text = uuid;
  const label = labelOf(domain);
  add(label, "virtform:project", {}, project);
  add(label, "virtform:instance_name", {}, instance);
  add(label, "virtform:uuid", {}, uuid);
  const nova = novaOf(domain);
  add(nova, "nova:name", {}, instance);
  add(add(nova, "nova:owner"), "nova:project", {}, project);
  at(domain, "os", "type").text = "hvm";
}
