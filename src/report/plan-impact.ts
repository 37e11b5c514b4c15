import type { Address } from "../model/address.ts";
import { exists } from "../model/fact.ts";
import type { Plan } from "../model/plan.ts";

/** What a plan costs beside its changes: what a reader must see before anything else. */
export interface PlanImpact {
  /** What is permanently deleted, in words, one entry per action. */
  readonly destroys: readonly string[];
  /** Guests that are shut down and started again. */
  readonly restarted: readonly Address[];
  /** Guests that are shut down and stay off. */
  readonly stopped: readonly Address[];
}

/** The losses and interruptions of a plan, in the order of its actions. */
export function planImpact({ actions }: Pick<Plan, "actions">): PlanImpact {
  const interrupted = [...new Set(actions.filter(({ effect }) => effect === "restart").map(({ address }) => address))];
  const restarts = (address: Address) => actions.some((action) => action.makes.includes(exists(address)));
  return {
    destroys: actions.flatMap(({ destroys }) => destroys ?? []),
    restarted: interrupted.filter(restarts),
    stopped: interrupted.filter((address) => !restarts(address)),
  };
}
