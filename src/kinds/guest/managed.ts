import type { DomainFields } from "../terms/domain-state.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { type FieldRow, fieldRows, isDevices, rowsOf } from "./fields.ts";
import { isForeign, traitsOf } from "./traits.ts";

const known = new WeakMap<DomainSpec, ReadonlySet<FieldRow>>();

/**
 * Whether a row of the table is ours for the guest of a spec. Of an adopted guest, what no key of the configuration is about stays as other
 * programs made it: a row is ours if what it wants depends on a setting that is written.
 */
export function isManaged(row: FieldRow, spec: DomainSpec): boolean {
  return !spec.adopted || row.ofAdopted === true || managedRows(spec).has(row);
}

function managedRows(spec: DomainSpec): ReadonlySet<FieldRow> {
  const rows = known.get(spec) ?? new Set(rowsOf(spec.virtType).filter((one) => dependsOnSettings(one, spec)));
  known.set(spec, rows);
  return rows;
}

/**
 * Whether a path that a guest has and that is not wanted stays as it is. `applied`: the fields that were applied last. Of an adopted guest that is
 * whatever no key of the configuration is about; a device that was applied and is no longer wanted goes.
 */
export function staysUnwanted(path: string, spec: DomainSpec, wanted: DomainFields, applied: DomainFields | undefined): boolean {
  if (!spec.adopted) return isForeign(path, applied);
  const row = rowOf(path);
  if (row === undefined || !isManaged(row, spec)) return row !== undefined || isForeign(path, applied);
  if (!isDevices(row)) return isForeign(path, applied);
  const device = path.slice(0, path.lastIndexOf(".") + 1);
  if (!Object.keys(wanted).some((other) => other.startsWith(device))) return applied?.[path] === undefined;
  return traitsOf(path).onlyIfSet !== true || isForeign(path, applied);
}

function rowOf(path: string): FieldRow | undefined {
  const section = path.slice(0, path.indexOf("."));
  return fieldRows().find((row) => (isDevices(row) ? row.section === section : row.path === path));
}

/** Settings with rows of their own that are always managed. What else would follow from them, such as a topology, is not. */
const sizes: ReadonlySet<string> = new Set(["max_vcpus", "max_ram"]);

function dependsOnSettings(row: FieldRow, spec: DomainSpec): boolean {
  const read = new Set<string>();
  const values = new Proxy(spec.values, {
    get: (target, key) => {
      if (typeof key === "string") read.add(key);
      return Reflect.get(target, key);
    },
  });
  const watched = { ...spec, values };
  if (isDevices(row)) {
    for (const item of row.items(watched)) for (const field of row.fields) field.want(item, watched);
  } else if (row.configured === undefined) row.want?.(watched);
  else read.add(row.path);
  return [...read].some((key) => !sizes.has(key) && Object.hasOwn(spec.values, key));
}
