import type { DeviceFields } from "./field.ts";

type Row = Pick<DeviceFields<never>, "section" | "fields">;

const known = new WeakMap<Row, Map<string, (string | undefined)[]>>();
const mostKeys = 256;

/** The path of a field of a device, `disks.vda.bus`, by its place in the row. Remembered: a thousand guests have the same few disks. */
export function devicePath(row: Row, key: string, index: number): string {
  const ofRow = known.get(row) ?? new Map<string, (string | undefined)[]>();
  if (ofRow.size === 0) known.set(row, ofRow);
  let paths = ofRow.get(key);
  if (paths === undefined) {
    // Each guest has interfaces of its own.
    if (ofRow.size >= mostKeys) ofRow.clear();
    paths = [];
    ofRow.set(key, paths);
  }
  paths[index] ??= `${row.section}.${key}.${row.fields[index]?.name}`;
  return paths[index];
}
