import type { Action, ActionType } from "../model/action.ts";
import { typeOfFact } from "../model/fact.ts";

/**
 * Checks what actions need and make against what their types declare. A fact that no action of this plan makes already holds, but one
 * that no action type could ever make orders nothing. Throws an Error: a bug in the kinds that made the actions.
 */
export function checkFacts(actions: Iterable<Action>, types: readonly ActionType[]): void {
  const makes = new Map(types.map(({ type, makes }) => [type, new Set(makes.map((fact) => fact.type))]));
  const makeable = new Set([...makes.values()].flatMap((facts) => [...facts]));
  for (const { id, type, needs, makes: made } of actions) {
    for (const fact of made) {
      if (makes.get(type)?.has(typeOfFact(fact)) !== true)
        throw new Error(`${id} makes ${fact}, which action type ${type} does not declare`);
    }
    for (const fact of needs) {
      if (!makeable.has(typeOfFact(fact))) throw new Error(`${id} needs ${fact}, which no action type makes`);
    }
  }
}
