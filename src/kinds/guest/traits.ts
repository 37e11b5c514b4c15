import type { DomainFields, FieldValue } from "../terms/domain-state.ts";
import type { FieldTraits } from "./field.ts";
import { type FieldRow, fieldRows, isDevices } from "./fields.ts";

/** What is asked of the table again and again, for as long as no field is added. */
interface Index {
  readonly fields: ReadonlyMap<string, FieldTraits>;
  /** Of the fields of devices, without their keys: `disks.bus`. */
  readonly deviceFields: ReadonlyMap<string, FieldTraits>;
  readonly sections: ReadonlyMap<string, FieldTraits>;
  /** Paths and sections of the fields that virtform gives every guest alike. */
  readonly fixed: ReadonlySet<string>;
  /** Values that are listed only where a guest has another one. */
  readonly usual: ReadonlyMap<string, FieldValue>;
}

const indexes = new WeakMap<readonly FieldRow[], Index>();

function indexOf(rows: readonly FieldRow[]): Index {
  const known = indexes.get(rows);
  if (known !== undefined) return known;
  const devices = rows.filter(isDevices);
  const index: Index = {
    fields: new Map(rows.flatMap((row) => (isDevices(row) ? [] : [[row.path, row]]))),
    deviceFields: new Map(
      devices.flatMap((row) => row.fields.map((field) => [`${row.section}.${field.name}`, { ...row, ...field }] as const)),
    ),
    sections: new Map(devices.map((row) => [row.section, row])),
    fixed: new Set(rows.flatMap((row) => (row.fixed !== true ? [] : isDevices(row) ? [row.section] : [row.path]))),
    usual: new Map(rows.flatMap((row) => (isDevices(row) || row.usual === undefined ? [] : [[row.path, row.usual]]))),
  };
  indexes.set(rows, index);
  return index;
}

/** What the table says about the field at a path. Of a path that it does not have: nothing. */
export function traitsOf(path: string): FieldTraits {
  const { fields, deviceFields, sections } = indexOf(fieldRows());
  const field = fields.get(path);
  if (field !== undefined) return field;
  const section = path.slice(0, path.indexOf("."));
  return deviceFields.get(`${section}${path.slice(path.lastIndexOf("."))}`) ?? sections.get(section) ?? {};
}

/** Whether a field that is not wanted is foreign: no configuration has set it. `applied`: the fields that were applied last. */
export function isForeign(path: string, applied: DomainFields | undefined): boolean {
  return traitsOf(path).onlyIfSet === true && applied?.[path] === undefined;
}

/** The fields that plans list and that the label records: those that differ from guest to guest. */
export function listedFields(fields: DomainFields): DomainFields {
  const { fixed, usual } = indexOf(fieldRows());
  const listed: Record<string, FieldValue> = {};
  for (const [path, value] of Object.entries(fields)) {
    const dot = path.indexOf(".");
    if (!fixed.has(dot < 0 ? path : path.slice(0, dot)) && usual.get(path) !== value) listed[path] = value;
  }
  return listed;
}
