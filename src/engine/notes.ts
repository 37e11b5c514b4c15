import type { Diagnostic } from "../model/diagnostic.ts";
import type { Plan } from "../model/plan.ts";
import { problem } from "../model/problem.ts";
import type { Interrupted } from "./journal.ts";

/** A plan with what the apply that carries it out has to add: what an earlier one left unfinished, and why it no longer fits. */
export function addNotes(plan: Plan, { actions, diagnostics }: Interrupted, stale: readonly Diagnostic[]): Plan {
  const note: Diagnostic = problem(
    "interrupted-apply",
    {
      summary: "An earlier apply was interrupted",
      detail: `It was running ${actions.join(", ")}. Incomplete objects are not used: this plan starts from what is complete.`,
    },
    "note",
  );
  return { ...plan, diagnostics: [...plan.diagnostics, ...diagnostics, ...(actions.length === 0 ? [] : [note]), ...stale] };
}
