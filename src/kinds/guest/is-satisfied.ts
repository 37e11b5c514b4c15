import type { FieldValue } from "../terms/domain-state.ts";
import type { FieldTraits } from "./field.ts";

/** Whether a value on the host (undefined: absent) does what is wanted (undefined: that it is absent). */
export function isSatisfied({ satisfied }: FieldTraits, have: FieldValue | undefined, want: FieldValue | undefined): boolean {
  if (have === want) return true;
  return want !== undefined && satisfied?.(have, want) === true;
}
