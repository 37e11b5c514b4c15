import type { DeviceFields } from "./field.ts";

type Row = Pick<DeviceFields<never>, "section" | "fields">;

const known = new WeakMap<Row, Map<string, readonly string[]>>();
const mostKeys = 256;

/** The path of each field of a device, `disks.vda.bus`, in the order of the row. Remembered: a thousand guests have the same few disks. */
export function devicePaths(row: Row, key: string): readonly string[] {
  const ofRow = known.get(row) ?? new Map<string, readonly string[]>();
  if (ofRow.size === 0) known.set(row, ofRow);
  const found = ofRow.get(key);
  if (found !== undefined) return found;
  if (ofRow.size >= mostKeys) ofRow.clear();
  const paths = row.fields.map(({ name }) => `${row.section}.${key}.${name}`);
  ofRow.set(key, paths);
  return paths;
}
