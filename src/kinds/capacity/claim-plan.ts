import type { Context } from "../../model/context.ts";
import { isErrored, type Plan } from "../../model/plan.ts";
import { claimRoom } from "../host/ledger.ts";
import { claimOf } from "./claim.ts";

/** Claims what a plan brings to its host, if it can be applied, for as long as the result is not disposed of. */
export function claimPlan(context: Context, seen: string, plan: Plan, again: () => Promise<Plan>): Promise<AsyncDisposable> {
  const claimed = (made: Plan) => (isErrored(made) ? undefined : claimOf(made));
  return claimRoom(context, seen, claimed(plan), async () => claimed(await again()));
}
