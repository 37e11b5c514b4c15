import type { Event } from "../model/event.ts";
import { combinePlans, onHost } from "../model/on-host.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Plan } from "../model/plan.ts";

/** The events of the applies of several hosts as those of one apply. */
export interface OneStream {
  /** Takes the events of one host. */
  of(host: string): (event: Event) => void;
  /** Says how everything ended. An action that never ran, because its host was lost, counts as cancelled. */
  end(): readonly Outcome[];
}

/** Merges the applies of these plans: one start and one end, and in between what happens on each host under addresses that name it. */
export function oneStream(plans: readonly Plan[], emit: (event: Event) => void): OneStream {
  const plan = combinePlans(plans);
  const outcomes = new Map<string, Outcome>();
  let started: number | undefined;
  return {
    of: (host) => (event) => {
      const named = onHost(host);
      switch (event.type) {
        case "apply.start":
          if (started === undefined) emit({ ...event, plan, actions: plan.actions });
          started ??= Date.now();
          return;
        case "apply.end":
          return;
        case "diagnostic":
          emit({ type: "diagnostic", diagnostic: named.diagnostic(event.diagnostic) });
          return;
        case "action.start":
        case "action.progress":
        case "image":
        case "action.end": {
          const given = named.event(event);
          if (given.type === "action.end") outcomes.set(given.id, given.outcome);
          emit(given);
          return;
        }
        default:
          emit(event);
      }
    },
    end() {
      const all = plan.actions.map(
        ({ id }): Outcome => outcomes.get(id) ?? { action: id, status: "cancelled", milliseconds: 0, diagnostics: [] },
      );
      if (started !== undefined) emit({ type: "apply.end", plan, outcomes: all, milliseconds: Date.now() - started });
      return all;
    },
  };
}
