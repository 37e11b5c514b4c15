import type { DomainFields } from "../terms/domain-state.ts";
import type { FieldTraits } from "./field.ts";
import { fieldRows, isDevices } from "./fields.ts";

/** What the table says of the field at a path. Of a path that it does not have (any more): nothing. */
export function traitsOf(path: string): FieldTraits {
  const [section, name] = [path.slice(0, path.indexOf(".")), path.slice(path.lastIndexOf(".") + 1)];
  for (const row of fieldRows()) {
    if (!isDevices(row)) {
      if (row.path === path) return row;
    } else if (row.section === section) {
      return { ...row, ...row.fields.find((field) => field.name === name) };
    }
  }
  return {};
}

/** The fields that plans list and that the label records: those that differ from guest to guest. */
export function listedFields(fields: DomainFields): DomainFields {
  const fixed = new Set<string>();
  for (const row of fieldRows()) if (row.fixed === true) fixed.add(isDevices(row) ? row.section : row.path);
  return Object.fromEntries(
    Object.entries(fields).filter(([path]) => !fixed.has(path) && !(path.includes(".") && fixed.has(path.slice(0, path.indexOf("."))))),
  );
}
