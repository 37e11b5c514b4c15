import type { InstanceConfig } from "../config.ts";
import type { FieldValue } from "../terms/domain-state.ts";
import { fieldRows, isDevices } from "./fields.ts";

/** Values of the fields that an instance sets by keys of their own, by path, with what holds where a key is not given. */
export function configuredValues(instance: InstanceConfig): Readonly<Record<string, FieldValue>> {
  const keys = instance as unknown as Readonly<Record<string, FieldValue | undefined>>;
  const values = fieldRows().flatMap((row) => {
    if (isDevices(row) || row.configured === undefined) return [];
    const value = keys[row.configured.key] ?? row.configured.fallback;
    return value === null ? [] : [[row.path, value] as const];
  });
  return Object.fromEntries(values);
}
