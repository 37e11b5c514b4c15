import type { Change } from "../../model/change.ts";
import type { Fact } from "../../model/fact.ts";

/** The change with all that is done for it waiting for these facts as well. */
export function withNeeds(change: Change | undefined, needs: readonly Fact[]): Change | undefined {
  if (change === undefined) return undefined;
  return { ...change, actions: change.actions.map((action) => ({ ...action, needs: [...action.needs, ...needs] })) };
}
