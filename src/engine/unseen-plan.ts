import type { Diagnostic } from "../model/diagnostic.ts";
import type { Plan } from "../model/plan.ts";

/** The plan for a host that could not be looked at: it has no changes, and is incomplete for these reasons. */
export function unseenPlan(of: Pick<Plan, "host" | "project" | "target">, diagnostics: readonly Diagnostic[]): Plan {
  return {
    formatVersion: "1.0",
    host: of.host,
    project: of.project,
    target: of.target,
    changes: [],
    unchanged: [],
    actions: [],
    diagnostics,
    unmanaged: [],
    pending: [],
    complete: false,
    basis: {},
  };
}
