import { isDeepStrictEqual } from "node:util";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { AnyKind, Observed } from "../model/kind.ts";
import type { Plan } from "../model/plan.ts";
import { problem } from "../model/problem.ts";
import { basisOf, findMoved } from "./stale.ts";

/** A look at a host with the plan that follows from it. */
interface Seen {
  readonly observed: Observed;
  readonly plan: Plan;
}

const detail = "Nothing has been done. Run the same command again, and read the new plan.";

/**
 * Errors for what has moved on a host between a plan that was shown and its answer: objects that differ, problems that are new, and, where
 * neither says it, that the plan would be another one. Empty when the plan still holds.
 */
export function findMovedSince<Config>(kinds: readonly AnyKind<Config>[], shown: Seen, now: Seen): Diagnostic[] {
  const objects = findMoved(basisOf(kinds, shown.observed), basisOf(kinds, now.observed)).map(({ address, what }) =>
    problem("moved-since-plan", { summary: `${address} ${what} since the plan was shown`, detail, address }),
  );
  const known = new Set(shown.plan.diagnostics.map(identity));
  const problems = now.plan.diagnostics.filter((one) => one.severity === "error" && !known.has(identity(one)));
  if (objects.length + problems.length > 0) return [...objects, ...problems];
  if (isDeepStrictEqual(shown.plan.actions, now.plan.actions)) return [];
  return [problem("moved-since-plan", { summary: "The host has changed since the plan was shown", detail })];
}

function identity({ code, address, summary }: Diagnostic): string {
  return JSON.stringify([code, address, summary]);
}
