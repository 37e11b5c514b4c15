import type { FieldValue } from "../terms/domain-state.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { isDevices, rowsOf } from "./fields.ts";
import { isManaged } from "./managed.ts";
import { listedFields } from "./traits.ts";
import { wantedFields, wantedValue } from "./wanted-fields.ts";

/** What the label records as applied: the listed fields, and null for a field that most guests have and this one does not. */
export function recordedFields(spec: DomainSpec): Readonly<Record<string, FieldValue | null>> {
  const without = rowsOf(spec.virtType).flatMap((row): [string, null][] =>
    isDevices(row) || row.usual === undefined || !isManaged(row, spec) || wantedValue(row, spec) !== null ? [] : [[row.path, null]],
  );
  return { ...listedFields(wantedFields(spec)), ...Object.fromEntries(without) };
}
