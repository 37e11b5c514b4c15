import type { ClaimsSeen } from "../../model/claims-seen.ts";
import type { Context } from "../../model/context.ts";
import type { Observed } from "../../model/kind.ts";
import { isErrored, type Plan } from "../../model/plan.ts";
import { claimRoom } from "../host/ledger.ts";
import { claimOf } from "./claim.ts";

/** A look at a host, and the plan that follows from it. */
interface Shown {
  readonly observed: Observed;
  readonly plan: Plan;
}

/** Claims what a plan brings to its host, if it can be applied, for as long as the result is not disposed of. */
export function claimPlan(context: Context, seen: ClaimsSeen, shown: Shown, again: () => Promise<Shown>): Promise<AsyncDisposable> {
  const claimed = ({ observed, plan }: Shown) => (isErrored(plan) ? undefined : claimOf(plan, observed, context.settings));
  return claimRoom(context, seen, claimed(shown), async () => claimed(await again()));
}
