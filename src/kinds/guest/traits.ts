import type { DomainFields } from "../terms/domain-state.ts";
import type { FieldTraits } from "./field.ts";
import { type FieldRow, fieldRows, isDevices } from "./fields.ts";

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

const fixedOf = new WeakMap<readonly FieldRow[], ReadonlySet<string>>();

/** The fields that plans list and that the label records: those that differ from guest to guest. */
export function listedFields(fields: DomainFields): DomainFields {
  const rows = fieldRows();
  const fixed =
    fixedOf.get(rows) ?? new Set(rows.flatMap((row) => (row.fixed !== true ? [] : isDevices(row) ? [row.section] : [row.path])));
  fixedOf.set(rows, fixed);
  return Object.fromEntries(
    Object.entries(fields).filter(([path]) => !fixed.has(path.includes(".") ? path.slice(0, path.indexOf(".")) : path)),
  );
}
