import { isDeepStrictEqual } from "node:util";
import type { Action, Fact } from "../model/action.ts";
import type { PlannedAction } from "../model/plan.ts";

/**
 * Puts actions into an order that respects their facts, and lists for each the others that it waits for. Actions with the
 * same id are one action, which waits for everything that any of them waits for. The order is stable: actions that do not depend on
 * one another stay as given. Throws an Error when two different actions have one id, and when facts go in a circle: bugs in the kinds
 * that made them.
 */
export function order(given: readonly Action[]): PlannedAction[] {
  const actions = new Map<string, Action>();
  for (const action of given) {
    const same = actions.get(action.id);
    if (same !== undefined && !areOne(same, action)) throw new Error(`two different actions have the id ${action.id}`);
    actions.set(action.id, same === undefined ? action : { ...same, needs: [...new Set([...same.needs, ...action.needs])] });
  }

  const makers = new Map<Fact, string[]>();
  for (const action of actions.values()) {
    for (const fact of action.makes) makers.set(fact, [...(makers.get(fact) ?? []), action.id]);
  }

  const planned: PlannedAction[] = [];
  const state = new Map<string, "open" | "placed">();
  const place = (id: string, path: readonly string[]): void => {
    if (state.get(id) === "placed") return;
    if (state.get(id) === "open") throw new Error(`actions wait for one another: ${[...path, id].join(" → ")}`);
    const action = actions.get(id);
    if (action === undefined) return;
    state.set(id, "open");
    const after = new Set(action.needs.flatMap((fact) => makers.get(fact) ?? []));
    after.delete(id);
    for (const earlier of after) place(earlier, [...path, id]);
    state.set(id, "placed");
    planned.push({ ...action, after: [...after] });
  };
  for (const id of actions.keys()) place(id, []);
  return planned;
}

/** Whether two actions are equal but for what they wait for. */
function areOne(one: Action, other: Action): boolean {
  return isDeepStrictEqual({ ...one, needs: [] }, { ...other, needs: [] });
}
