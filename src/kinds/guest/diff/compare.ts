import type { DomainFields, DomainState } from "../../terms/domain-state.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { type LivePlan, planLive } from "../live/plan.ts";
import { wantedFields } from "../wanted-fields.ts";
import { differingPaths } from "./differing-paths.ts";

/** A guest that exists, compared with what it is to be. */
export interface Comparison {
  readonly wanted: DomainFields;
  /** Paths whose stored values differ. The name of a renamed guest is not among them. */
  readonly differing: readonly string[];
  /** What of it the guest takes while it runs. */
  readonly live: LivePlan;
}

/** Compares the fields of a guest. Pure. */
export function compare(want: DomainSpec, have: DomainState): Comparison {
  const wanted = wantedFields(want);
  const differing = differingPaths(want, wanted, have).filter((path) => path !== "name" || have.earlier === undefined);
  return { wanted, differing, live: planLive(want, wanted, have, differing) };
}
