import type { DomainRecord } from "../../tools/libvirt/libvirt.ts";
import type { XmlElement } from "../../tools/xml.ts";
import type { DomainFields, FieldValue } from "../terms/domain-state.ts";
import { appliedPatch } from "./applied-patch.ts";
import { deviceElements } from "./device-elements.ts";
import { devicePath } from "./device-paths.ts";
import { patchPaths, patchPrefix, readPatchValue } from "./domain-patch.ts";
import { type FieldRow, isDevices, rowsOf } from "./fields.ts";

/**
 * The fields in domain XML, by path. The order of elements, and what libvirt fills in by itself (addresses, aliases, controllers), do not
 * matter. Loops over indexes, because this is done for every guest of the host. `record`: also the fields beside the XML. `running`: it is the definition of a guest that runs.
 * `only`: no others than these, none of them of a device.
 */
export function readFields(
  domain: XmlElement,
  { record, running = false, only }: { readonly record?: DomainRecord; readonly running?: boolean; readonly only?: readonly string[] } = {},
): DomainFields {
  const fields: Record<string, FieldValue> = {};
  const set = (path: string, value: FieldValue | undefined) => {
    if (value !== undefined) fields[path] = value;
  };
  const rows = rowsOf(domain.attributes["type"]);
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] as FieldRow;
    if (only !== undefined && (isDevices(row) || !only.includes(row.path))) continue;
    if (!isDevices(row)) {
      const inXml = ((running ? row.readActive : undefined) ?? row.read)?.(domain);
      set(row.path, inXml ?? (record === undefined ? undefined : row.look?.(record)));
      continue;
    }
    const elements = deviceElements(domain, row);
    for (let place = 0; place < elements.length; place += 1) {
      const element = elements[place] as XmlElement;
      const key = row.keyOf(element);
      for (let index = 0; index < row.fields.length; index += 1) {
        const value = row.fields[index]?.read(element);
        if (value !== undefined) fields[devicePath(row, key, index)] = value;
      }
    }
  }
  if (only !== undefined) return fields;
  const applied = appliedPatch(domain);
  for (const path of patchPaths(applied)) set(`${patchPrefix}${path}`, readPatchValue(domain, path, applied?.[`${patchPrefix}${path}`]));
  return fields;
}
