import type { Diagnostic } from "../model/diagnostic.ts";
import type { Plan } from "../model/plan.ts";
import { problem } from "../model/problem.ts";

/** What was allowed in advance: everything, or what is lost at these addresses. */
export type AllowDestroy = "all" | readonly string[];

/** Data that the plan permanently deletes, in words, in the order of its actions. */
export function destroysOf(plan: Plan): { readonly address: string; readonly what: string }[] {
  return plan.actions.flatMap((action) => (action.destroys === undefined ? [] : [{ address: action.address, what: action.destroys }]));
}

/** The plan for a user who allowed these losses: what they allow is no longer an error. */
export function withConsent(plan: Plan, allowed: AllowDestroy): Plan {
  const isAllowed = ({ severity, allowedBy }: Diagnostic) =>
    severity === "error" && allowedBy !== undefined && (allowed === "all" || allowedBy.every((address) => allowed.includes(address)));
  const diagnostics = plan.diagnostics.map((one): Diagnostic => (isAllowed(one) ? { ...one, severity: "warning" } : one));
  return { ...plan, diagnostics };
}

/** The error that lists all losses that were not allowed in advance, for a run without a terminal to ask; undefined when there are none. */
export function missingConsent(plan: Plan, allowed: AllowDestroy): Diagnostic | undefined {
  const missing = allowed === "all" ? [] : destroysOf(plan).filter(({ address }) => !allowed.includes(address));
  const [first] = missing;
  if (first === undefined) return undefined;
  if (missing.length === 1) {
    return problem("destroy-not-allowed", {
      summary: `This would destroy ${first.what}`,
      detail: `This data cannot be recovered. Allow it with --allow-destroy=${first.address} (or --allow-destroy for everything in the plan), or answer the question on a terminal.`,
      address: first.address as Diagnostic["address"] & string,
    });
  }
  const list = missing.map(({ address, what }) => `${address}: ${what}`).join("\n");
  return problem("destroy-not-allowed", {
    summary: `This would destroy data of ${missing.length} objects`,
    detail: `${list}\n\nNone of it can be recovered. Allow all of it with --allow-destroy, parts of it with --allow-destroy=ADDR, or answer the question on a terminal.`,
  });
}
