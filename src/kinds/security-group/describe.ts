import type { Json } from "../../model/json.ts";
import type { FilterRule } from "../terms/filter-state.ts";

interface Described {
  readonly filter: string;
  readonly rules: readonly FilterRule[];
  readonly protects?: true;
}

/** A filter for `show`, JSON plans and fingerprints. Devices of guests are left out: they change with every start. */
export function describeFilter({ filter, rules, protects }: Described): Json {
  return {
    filter,
    ...(protects === true ? { prevent_destroy: true } : {}),
    rules: rules.map(({ text, note }) => (note === null ? text : `${text} (${note})`)),
  };
}
