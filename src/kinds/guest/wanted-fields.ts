import type { DomainFields, FieldValue } from "../terms/domain-state.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { devicePath } from "./device-paths.ts";
import type { DeviceFields, GuestField } from "./field.ts";
import { type FieldRow, isDevices, rowsOf } from "./fields.ts";
import { isSatisfied } from "./is-satisfied.ts";
import { isManaged } from "./managed.ts";
import { traitsOf } from "./traits.ts";

/** The fields that a spec gives a guest, by path: what an observed guest is compared with. `part`: only those in the domain XML. */
export function wantedFields(spec: DomainSpec, part: "all" | "xml" = "all"): DomainFields {
  const fields: Record<string, FieldValue> = {};
  everyWanted(spec, part, (path, value) => {
    fields[path] = value;
    return true;
  });
  return fields;
}

const compared = new WeakMap<DomainSpec, { readonly found: DomainFields; readonly same: boolean }>();

/**
 * Whether a guest has exactly the fields that a spec gives it, no more and no fewer. Nearly all guests of a plan do, and the answer takes a third of the time
 * of making and comparing the fields that are wanted. Remembered, because checks and comparison ask for the same.
 */
export function hasWantedFields(spec: DomainSpec, found: DomainFields): boolean {
  const before = compared.get(spec);
  if (before?.found === found) return before.same;
  const same = isSame(spec, found);
  compared.set(spec, { found, same });
  return same;
}

function isSame(spec: DomainSpec, found: DomainFields): boolean {
  let wanted = 0;
  const isFound = (path: string, value: FieldValue) => {
    const have = found[path];
    if (have !== undefined) wanted += 1;
    return have === value || isSatisfied(traitsOf(path), have, value);
  };
  return everyWanted(spec, "all", isFound) && Object.keys(found).length === wanted;
}

/** Calls `visit` with each field that a spec gives a guest until it returns false; returns whether it never did. */
function everyWanted(spec: DomainSpec, part: "all" | "xml", visit: (path: string, value: FieldValue) => boolean): boolean {
  const rows = rowsOf(spec.virtType);
  // Loops over indexes, because this is done for every guest of the configuration.
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] as FieldRow;
    if (!isManaged(row, spec)) continue;
    if (!isDevices(row)) {
      const value = part === "all" || row.write !== undefined ? wantedValue(row, spec) : null;
      if (value !== null && !visit(row.path, value)) return false;
      continue;
    }
    const items = row.items(spec);
    for (let place = 0; place < items.length; place += 1) {
      const item = items[place] as (typeof items)[number];
      const key = row.key(item);
      for (let index = 0; index < row.fields.length; index += 1) {
        const field = row.fields[index];
        const value = field !== undefined && isGiven(row, field.name, item) ? field.want(item, spec) : null;
        if (value !== null && !visit(devicePath(row, key, index), value)) return false;
      }
    }
  }
  for (const path in spec.domainXml) if (!visit(path, spec.domainXml[path] as FieldValue)) return false;
  return true;
}

/** Whether a field of a device is ours: of a disk that an adopted guest brought along, those that the configuration sets. */
export function isGiven<Item>({ given }: Pick<DeviceFields<Item>, "given">, name: string, item: Item): boolean {
  return given?.(item)?.includes(name) ?? true;
}

/** The value of one field that a spec gives; null for none. */
export function wantedValue({ want, configured, path }: GuestField, spec: DomainSpec): FieldValue | null {
  return configured === undefined ? (want?.(spec) ?? null) : (spec.values[path] ?? null);
}
