import type { InstanceConfig } from "../config.ts";
import type { FieldValue } from "../terms/domain-state.ts";
import { fieldRows, isDevices } from "./fields.ts";

/** Values of the fields that have a key of their own in an instance, by path, with the fallback for keys that are not given. */
export function configuredValues(instance: InstanceConfig): Readonly<Record<string, FieldValue>> {
  const keys = instance as unknown as Readonly<Record<string, FieldValue | undefined>>;
  const values = fieldRows().flatMap((row) => {
    if (isDevices(row) || row.configured === undefined) return [];
    const value = keys[row.configured.key] ?? (instance.adopt === true ? null : row.configured.fallback);
    return value === null ? [] : [[row.path, value] as const];
  });
  return Object.fromEntries(values);
}
