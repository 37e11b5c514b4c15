import type { Json } from "../../model/json.ts";
import type { FilterRule } from "../terms/filter-state.ts";

/** A filter for `show`, JSON plans and fingerprints. Devices of guests are left out: they change with every start. */
export function describeFilter({ filter, rules }: { readonly filter: string; readonly rules: readonly FilterRule[] }): Json {
  return { filter, rules: rules.map(({ text, note }) => (note === null ? text : `${text} (${note})`)) };
}
