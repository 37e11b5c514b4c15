import type { DomainFields, DomainState } from "../../terms/domain-state.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { appliedFields } from "../applied-fields.ts";
import { isSatisfied } from "../is-satisfied.ts";
import { staysUnwanted } from "../managed.ts";
import { traitsOf } from "../traits.ts";

/** Paths whose values differ, but for the power state, which `powerChange` compares. */
export function differingPaths(want: DomainSpec, wanted: DomainFields, { fields, label }: DomainState): string[] {
  const differing = Object.keys(wanted).filter(
    (path) => fields[path] !== wanted[path] && !isSatisfied(traitsOf(path), fields[path], wanted[path]),
  );
  const others = Object.keys(fields).filter((path) => wanted[path] === undefined);
  const applied = others.length === 0 ? undefined : appliedFields(label);
  const unwanted = others.filter((path) => !staysUnwanted(path, want, wanted, applied));
  return [...differing, ...unwanted].filter((path) => path !== "power_state");
}
