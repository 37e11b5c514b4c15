import type { PlannedAction } from "../../../../src/model/plan.ts";
import { type Line, paint } from "../../../../src/report/style.ts";
import { type ApplyViewEvent, type ApplyViewState, openApplyView, reduceApplyView } from "../../../../src/report/tui/apply-view.ts";
import type { Key } from "../../../../src/report/tui/keys.ts";
import { type PlanViewState, reducePlanView } from "../../../../src/report/tui/plan-view.ts";
import { manyInstances } from "../support.ts";

export const size = { rows: 24, columns: 80 };

/** Lines as plain text. */
export const textOf = (lines: readonly Line[]): string => paint(lines, false);

/** Keys by name; single characters are themselves. */
export function key(name: string): Key {
  return name.length === 1 ? { name: "text", text: name } : ({ name } as Key);
}

/** The plan view after some keys. */
export function pressed(state: PlanViewState, ...names: readonly string[]): PlanViewState {
  return names.reduce((view, name) => reducePlanView(view, { type: "key", key: key(name) }), state);
}

/** An apply of many instances with things that happened to it, one every 100 ms. */
export function applied(
  instances: number,
  events: (actions: readonly PlannedAction[]) => readonly ApplyViewEvent[],
  given = size,
): { readonly state: ApplyViewState; readonly now: number } {
  const plan = manyInstances(instances);
  let now = 0;
  let state = openApplyView({ type: "apply.start", plan, actions: plan.actions, parallelism: 4 }, "apply", given, now);
  for (const event of events(plan.actions)) {
    now += 100;
    state = reduceApplyView(state, event, now);
  }
  return { state, now };
}

/** Starts and ends an action well. */
export function wholly(id: string, milliseconds = 1200): ApplyViewEvent[] {
  return [
    { type: "action.start", id },
    { type: "action.end", id, outcome: { action: id, status: "done", milliseconds, diagnostics: [] } },
  ];
}
