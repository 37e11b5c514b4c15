import type { DomainFields, FieldValue } from "../terms/domain-state.ts";
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

/** Whether a field that is not wanted is foreign: no configuration has set it. `applied`: the fields that were applied last. */
export function isForeign(path: string, applied: DomainFields | undefined): boolean {
  return traitsOf(path).onlyIfSet === true && applied?.[path] === undefined;
}

interface Unlisted {
  readonly fixed: ReadonlySet<string>;
  readonly usual: ReadonlyMap<string, FieldValue>;
}

const unlistedOf = new WeakMap<readonly FieldRow[], Unlisted>();

/** The fields that plans list and that the label records: those that differ from guest to guest. */
export function listedFields(fields: DomainFields): DomainFields {
  const rows = fieldRows();
  const { fixed, usual } = unlistedOf.get(rows) ?? unlisted(rows);
  unlistedOf.set(rows, { fixed, usual });
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([path, value]) => !fixed.has(path.includes(".") ? path.slice(0, path.indexOf(".")) : path) && usual.get(path) !== value,
    ),
  );
}

function unlisted(rows: readonly FieldRow[]): Unlisted {
  const fixed = rows.flatMap((row) => (row.fixed !== true ? [] : isDevices(row) ? [row.section] : [row.path]));
  const usual = rows.flatMap((row): [string, FieldValue][] => (isDevices(row) || row.usual === undefined ? [] : [[row.path, row.usual]]));
  return { fixed: new Set(fixed), usual: new Map(usual) };
}
