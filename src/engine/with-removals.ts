import type { Change } from "../model/change.ts";
import { exists } from "../model/fact.ts";
import { instanceOf } from "../model/presentation.ts";

/**
 * Changes of parts that are deleted together with their instance: the guest that would keep them until its next start is stopped by the same
 * plan. The deletion of a protected guest has no actions, and its parts are as in the plan that would be applied without the protection.
 */
export function withRemovals(changes: readonly Change[]): Change[] {
  const started = new Set(changes.flatMap(({ actions }) => actions.flatMap(({ makes }) => makes)));
  const removed = new Set(
    changes.flatMap(({ verb, address, actions }) =>
      verb === "delete" && (actions.length === 0 || actions.some(({ effect }) => effect === "restart")) && !started.has(exists(address))
        ? [instanceOf(address)]
        : [],
    ),
  );
  removed.delete(undefined);
  return changes.map((change) => {
    if (change.verb !== "delete" || !removed.has(instanceOf(change.address))) return change;
    return { ...change, actions: change.actions.map((action) => (action.effect === "next_boot" ? { ...action, effect: "none" } : action)) };
  });
}
