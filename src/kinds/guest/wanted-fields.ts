import type { DomainFields, FieldValue } from "../terms/domain-state.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { devicePaths } from "./device-paths.ts";
import type { DeviceFields, GuestField } from "./field.ts";
import { type FieldRow, fieldRows, isDevices } from "./fields.ts";
import { isManaged } from "./managed.ts";

/** The fields that a spec gives a guest, by path: what an observed guest is compared with. `part`: only those in the domain XML. */
export function wantedFields(spec: DomainSpec, part: "all" | "xml" = "all"): DomainFields {
  const fields: Record<string, FieldValue> = {};
  const set = (path: string, value: FieldValue | null) => {
    if (value !== null) fields[path] = value;
  };
  const rows = fieldRows();
  // Loops over indexes, because this is done for every guest of the configuration.
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] as FieldRow;
    if (!isManaged(row, spec)) continue;
    if (!isDevices(row)) {
      if (part === "all" || row.write !== undefined) set(row.path, wantedValue(row, spec));
    } else
      for (const item of row.items(spec)) {
        const paths = devicePaths(row, row.key(item));
        for (let index = 0; index < paths.length; index += 1) {
          const field = row.fields[index];
          if (field !== undefined && isGiven(row, field.name, item)) set(paths[index] ?? "", field.want(item, spec));
        }
      }
  }
  Object.assign(fields, spec.domainXml);
  return fields;
}

/** Whether a field of a device is ours: of a disk that an adopted guest brought along, those that the configuration sets. */
export function isGiven<Item>({ given }: Pick<DeviceFields<Item>, "given">, name: string, item: Item): boolean {
  return given?.(item)?.includes(name) ?? true;
}

/** The value of one field that a spec gives; null for none. */
export function wantedValue({ want, configured, path }: GuestField, spec: DomainSpec): FieldValue | null {
  return configured === undefined ? (want?.(spec) ?? null) : (spec.values[path] ?? null);
}
