import type { FieldChange } from "../../model/change.ts";
import type { Presentation, SummaryLine } from "../../model/presentation.ts";
import type { FieldValue } from "../terms/domain-state.ts";
import type { FieldTraits } from "./field.ts";
import { type FieldRow, fieldRows, isDevices } from "./fields.ts";

/** How people see a guest: what the table of fields says about each field. */
export const presentGuest: Presentation = {
  get sizes() {
    return sizesOf(fieldRows());
  },
  summary: (fields) => [...headlines(fields), ...devices(fields), ...protection(fields)],
  condensed: withWholeDevices,
  isIdentity: (path) => /^(name|uuid|disks\..+\.serial|interfaces\..+\.target)$/.test(path),
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
    const { describe } = row;
    return [...byDevice(row, fields)].map(([path, members]) => {
      const side = members.some(({ new: wanted }) => (wanted ?? null) !== null) ? "new" : "old";
      return { field: { path, [side]: describe(valuesOf(path, members)) }, covers: members.length };
    });
  });
}

/** Fields of a change in which a device that comes or goes is one line, in the place of its first field. */
function withWholeDevices(fields: readonly FieldChange[]): FieldChange[] {
  const lineOf = new Map<FieldChange, FieldChange | null>();
  for (const row of fieldRows()) {
    if (!isDevices(row) || row.describe === undefined) continue;
    for (const [path, members] of byDevice(row, fields)) {
      const [first, ...others] = members;
      const side = (["old", "new"] as const).find((one) => members.every((field) => (field[one] ?? null) === null));
      // Every device has the first field of its row: without it, the device stays and gets or loses something.
      const isWhole = members.some((field) => field.path === `${path}.${row.fields[0]?.name}`);
      if (first === undefined || side === undefined || !isWhole || others.some((field) => !isMarkedLike(field, first))) continue;
      const values = valuesOf(path, members);
      const [text, source] = [row.describe(values), values["source"] ?? ""];
      const notable = row.fields.filter((field) => (field.notable ?? field.onlyIfSet) === true && values[field.name] !== undefined);
      const line = [
        text,
        ...(text.includes(String(source)) ? [] : [source]),
        ...notable.map(({ name }) => `${name.replaceAll("_", " ")} ${values[name]}`),
      ].join(", ");
      const { old: _old, new: _new, ...marks } = first;
      lineOf.set(first, { ...marks, path, [side === "old" ? "new" : "old"]: line });
      for (const field of others) lineOf.set(field, null);
    }
  }
  return fields.flatMap((field) => {
    const line = lineOf.get(field);
    return line === null ? [] : [line ?? field];
  });
}

function isMarkedLike(one: FieldChange, other: FieldChange): boolean {
  return one.effect === other.effect && one.cause === other.cause && one.why === other.why;
}

/** The fields of each device of a row, by the path of the device. */
function byDevice({ section }: { readonly section: string }, fields: readonly FieldChange[]): Map<string, FieldChange[]> {
  const end = (path: string) => path.lastIndexOf(".");
  const own = fields.filter(({ path }) => path.startsWith(`${section}.`) && end(path) > section.length);
  return Map.groupBy(own, ({ path }) => path.slice(0, end(path)));
}

function valuesOf(path: string, members: readonly FieldChange[]): Readonly<Record<string, FieldValue>> {
  const parts = members.map((field) => [field.path.slice(path.length + 1), givenValue(field)] as const);
  return Object.fromEntries(parts) as Readonly<Record<string, FieldValue>>;
}

function protection(fields: readonly FieldChange[]): SummaryLine[] {
  return fields.filter((field) => field.path === "prevent_destroy" && givenValue(field) === true).map((field) => ({ field, covers: 1 }));
}

function givenValue({ old, new: wanted }: FieldChange) {
  return wanted ?? old ?? null;
}
