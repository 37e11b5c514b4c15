import type { FieldChange } from "../../../model/change.ts";
import { withoutUndefined } from "../../../model/without-undefined.ts";
import type { DomainState } from "../../terms/domain-state.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { wantedFields } from "../wanted-fields.ts";
import { differingPaths } from "./differing-paths.ts";

/**
 * Paths in which a guest that is to be adopted is not what the configuration says: adopting it changes nothing but its label, so there
 * must be none. What virtform records in the label is not compared.
 */
export function adoptionDifferences(want: DomainSpec, have: DomainState): FieldChange[] {
  const wanted = wantedFields(want);
  const paths = differingPaths(want, wanted, have).filter((path) => path !== "prevent_destroy");
  return paths.map((path) => withoutUndefined({ path, old: have.fields[path], new: wanted[path] }));
}
