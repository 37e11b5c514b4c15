import type { FieldChange } from "../../model/change.ts";
import type { Presentation, SummaryLine } from "../../model/presentation.ts";
import type { FieldValue } from "../terms/domain-state.ts";
import type { FieldTraits } from "./field.ts";
import { type FieldRow, fieldRows, isDevices } from "./fields.ts";

/** How people see a guest: what the table of fields says of each field. */
export const presentGuest: Presentation = {
  get sizes() {
    return sizesOf(fieldRows());
  },
  summary: (fields) => [...headlines(fields), ...devices(fields), ...protection(fields)],
  isIdentity: (path) => /^(name|uuid|disks\..+\.serial)$/.test(path),
  instanceOf: (name) => name,
};

const known = new WeakMap<readonly FieldRow[], ReadonlySet<string>>();

/** Last parts of the paths whose numbers are bytes. */
function sizesOf(rows: readonly FieldRow[]): ReadonlySet<string> {
  const named = () =>
    rows.flatMap((row): (readonly [string, FieldTraits])[] =>
      isDevices(row) ? row.fields.map((field) => [field.name, field]) : [[row.path, row]],
    );
  const sizes = known.get(rows) ?? new Set(named().flatMap(([name, { size }]) => (size === true ? [name] : [])));
  known.set(rows, sizes);
  return sizes;
}

function headlines(fields: readonly FieldChange[]): SummaryLine[] {
  const rows = fieldRows().flatMap((row) => (isDevices(row) || row.headline === undefined ? [] : [{ path: row.path, rank: row.headline }]));
  return rows
    .sort((one, other) => one.rank - other.rank)
    .flatMap(({ path }) => fields.filter((field) => field.path === path).map((field) => ({ field, covers: 1 })));
}

/** All fields of a device as one line under its key. */
function devices(fields: readonly FieldChange[]): SummaryLine[] {
  return fieldRows().flatMap((row) => {
    if (!isDevices(row) || row.describe === undefined) return [];
    const { section, describe } = row;
    const groups = new Map<string, FieldChange[]>();
    for (const field of fields) {
      const end = field.path.lastIndexOf(".");
      if (!field.path.startsWith(`${section}.`) || end <= section.length) continue;
      const key = field.path.slice(0, end);
      groups.set(key, [...(groups.get(key) ?? []), field]);
    }
    return [...groups].map(([path, members]) => {
      const parts = members.map((field) => [field.path.slice(path.length + 1), givenValue(field)] as const);
      const side = members.some(({ new: wanted }) => (wanted ?? null) !== null) ? "new" : "old";
      const line = describe(Object.fromEntries(parts) as Readonly<Record<string, FieldValue>>);
      return { field: { path, [side]: line }, covers: members.length };
    });
  });
}

function protection(fields: readonly FieldChange[]): SummaryLine[] {
  return fields.filter((field) => field.path === "prevent_destroy" && givenValue(field) === true).map((field) => ({ field, covers: 1 }));
}

function givenValue({ old, new: wanted }: FieldChange) {
  return wanted ?? old ?? null;
}
